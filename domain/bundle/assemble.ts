/** Makes a bundle of what a gateway answered. Pure. */
import * as z from 'zod';
import { diagnose, shouldReadAgain } from '../diagnosis/diagnose.ts';
import { VERDICTS } from '../diagnosis/diagnosis.ts';
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
export type Taking = Pick<Facts, 'takenAt' | 'takenBy' | 'versions' | 'notAnswered'>;

/** Connection of the chat's newest events. */
const history = z.object({ edges: z.array(z.object({ node: z.unknown() })) });

/** Gateway's diagnosis, as far as it tells how it was made. */
const said = z.object({ verdict: z.enum(VERDICTS), summary: z.string(), secondReading: z.unknown().optional() });

/** @throws ZodError if the answer is about no chat */
export function assemble({ chatDebugSnapshot: chat, replicas, database }: Answer, taking: Taking): Bundle {
  const whole = {
    ...{ ...taking, format: FORMAT, anonymous: false },
    ...{ snapshot: chat, replicas, server: database, thresholds: null, answered: null },
    events: history.safeParse(chat.history).data?.edges.map(({ node }) => node),
  };
  const read = facts.parse(whole);
  const known = { ...read, thresholds: thresholdsOf(read) };
  const answered = {
    owner: answerOf(known, 'owner', chat.diagnosis),
    everywhere: answerOf(known, 'everywhere', chat.diagnosisEverywhere),
  };
  return judged(facts.parse({ ...whole, thresholds: known.thresholds, answered }));
}

function answerOf(known: Facts, view: View, answer: unknown) {
  const { data: theirs } = said.safeParse(answer);
  const second = theirs?.secondReading ?? null;
  const isOpen = second === null && shouldReadAgain(diagnose(snapshotOf(known, view), settingsOf(known)));
  return { verdict: theirs?.verdict, second, notRepeated: isOpen ? whyNotRepeated(theirs?.summary) : null };
}

/** Clause on why the gateway did not read the chat again, from its own words on it. */
function whyNotRepeated(summary: string | undefined): string {
  if (summary === undefined) return 'the gateway made no diagnosis';
  return Object.values(NOT_REPEATED).find((clause) => summary.includes(clause)) ?? 'the gateway saw no need to';
}

/** Thresholds that came with the row, completed as the rules complete them. */
function thresholdsOf({ snapshot }: Facts): Facts['thresholds'] {
  return completeThresholds(settingsOf({ thresholds: snapshot.database?.trouble?.thresholds ?? null }));
}
