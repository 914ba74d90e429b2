/** Makes a bundle of what a gateway answered. Pure. */
import { z } from 'zod';
import { diagnose, shouldReadAgain } from '../diagnosis/diagnose.ts';
import { VERDICTS, type Verdict } from '../diagnosis/diagnosis.ts';
import { NOT_REPEATED } from '../diagnosis/summary.ts';
import { completeThresholds } from '../thresholds.ts';
import { type Bundle, type Facts, FORMAT, facts } from './format.ts';
import { judged, settingsOf, snapshotOf, type View } from './judge.ts';

/** Data of the answer to `bundle.graphql`, as it came. */
export interface Answer {
  readonly chatDebugSnapshot: Readonly<Record<string, unknown>>;
  readonly replicas?: unknown;
  readonly database?: unknown;
}

/** Facts about the taking that no answer tells. */
export interface Taking extends Pick<Facts, 'takenAt' | 'takenBy' | 'versions' | 'notAnswered'> {
  /** Newest events; null: the database keeps none. */
  readonly events: unknown;
}

/** Gateway's diagnosis, as far as it tells how it was made. */
const said = z.object({
  verdict: z.enum(VERDICTS),
  summary: z.string(),
  findings: z.array(z.object({ code: z.string() })),
});
type Said = z.output<typeof said>;

/** @throws ZodError if the answer is about no chat */
export function assemble({ chatDebugSnapshot: chat, replicas, database }: Answer, taking: Taking): Bundle {
  const read = facts.parse({
    ...{ ...taking, format: FORMAT, anonymous: false },
    ...{ snapshot: chat, replicas, server: database, thresholds: null, answered: null },
  });
  const known = { ...read, thresholds: thresholdsOf(read) };
  const answered = {
    owner: answerOf(known, 'owner', chat.diagnosis),
    everywhere: answerOf(known, 'everywhere', chat.diagnosisEverywhere),
  };
  return judged({ ...known, answered });
}

/** True if the rules say of the bundle what the gateway said. False: the chat changed meanwhile, or the rules differ. */
export function agrees({ answered, diagnosis, diagnosisEverywhere }: Bundle): boolean {
  const same = (ours: Bundle['diagnosis'], theirs: Answered | undefined) =>
    !ours || !theirs?.verdict || (ours.verdict === theirs.verdict && codesOf(ours) === theirs.codes?.join());
  return same(diagnosis, answered?.owner) && same(diagnosisEverywhere, answered?.everywhere);
}

const codesOf = ({ findings }: Pick<Said, 'findings'> | NonNullable<Bundle['diagnosis']>) =>
  findings.map(({ code }) => code).join();

type Answered = NonNullable<Facts['answered']>[View];

function answerOf(bundle: Facts, view: View, answer: unknown): Answered {
  const { data: theirs } = said.safeParse(answer);
  const alone = diagnose(snapshotOf(bundle, view), settingsOf(bundle));
  return {
    verdict: theirs?.verdict ?? null,
    codes: theirs?.findings.map(({ code }) => code) ?? null,
    ...(shouldReadAgain(alone) ? secondReading(theirs) : { readTwice: false, notRepeated: null }),
  };
}

/** What came of the second reading that these halves ask for. */
function secondReading(theirs: Said | undefined): { readTwice: boolean; notRepeated: string | null } {
  const none = (notRepeated: string) => ({ readTwice: false, notRepeated });
  if (!theirs) return none('the gateway made no diagnosis');
  const clause = Object.values(NOT_REPEATED).find((words) => theirs.summary.includes(words));
  if (clause) return none(clause);
  return theirs.verdict === ('STUCK' satisfies Verdict)
    ? { readTwice: true, notRepeated: null }
    : none('the chat changed while it was read');
}

/** Thresholds that came with the row, completed as the rules complete them. */
function thresholdsOf({ snapshot }: Facts): Facts['thresholds'] {
  return completeThresholds(settingsOf({ thresholds: snapshot.database?.trouble?.thresholds ?? null }));
}
