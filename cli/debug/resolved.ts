/** What became of an action: whether it was done, where the answer was lost, and whether its findings are gone. */
import type { z } from 'zod';
import type { Clock } from '../../common/clock.ts';
import { type Answered, type Ask, NoAnswer } from './ask.ts';
import { type done, recorded } from './fixShape.ts';
import { paragraph } from './layout.ts';
import { type Shown, withoutAnswer } from './shown.ts';

/** Means to wait for what becomes of an action. */
export interface Afterwards {
  readonly clock: Clock;
  /** Tells the person what is waited for, beside the answer. */
  readonly note: (line: string) => void;
}

/** Milliseconds between two looks, and after which the terminal looks no more: the operator needs 30 s and a little. */
const LOOK_MS = 1_000;
const LONGEST_MS = 45_000;
/** Seconds in which the record of a request must come that is still worked on: it looks at the chat, and waits for locks. */
const UNDER_WAY_SECONDS = 10;

type Result = NonNullable<z.output<typeof done>['done']>;

const lost = (key: string) =>
  `It is not known whether this was done: no answer came. \`npm run chat-debug -- actions\` tells it once the gateway answers; the key of the request is ${key}.`;

/**
 * Result of a request. If its answer was lost, its record settles whether it was done.
 * @throws NoAnswer if it was not done, or if that is not known
 */
export async function settled(
  ask: Ask,
  asked: Promise<Answered<z.output<typeof done>>>,
  { key, dryRun, clock }: { readonly key: string; readonly dryRun: boolean; readonly clock: Clock },
): Promise<Result & Omit<Answered<unknown>, 'data'>> {
  const answered = await asked.catch((error: unknown) => {
    if (error instanceof NoAnswer && error.mayHeal) return error;
    throw error;
  });
  const isUnanswered = answered instanceof NoAnswer;
  if (!isUnanswered && answered.data.done) return { ...answered, ...answered.data.done };
  const isLost = isUnanswered || answered.problems.some(({ extensions }) => extensions?.code === 'ACTION_UNCERTAIN');
  if (!isLost) withoutAnswer(answered, `No answer came. The key of this request is ${key}.`);
  const mayBeUnderWay = !isUnanswered || answered.mayBeUnderWay;
  const { data, raw, problems } = await recordOf(ask, { key, dryRun, clock }, mayBeUnderWay ? UNDER_WAY_SECONDS : 0);
  if (!data.actionRecord) {
    const why = isUnanswered ? answered.message : 'No answer came.';
    throw new NoAnswer(
      `${why} ${mayBeUnderWay ? noRecordYet(key) : 'There is no record of it: it was not done.'}`,
      true,
    );
  }
  return { raw, problems, outcome: data.actionRecord.outcome, record: data.actionRecord };
}

const noRecordYet = (key: string) =>
  `There is no record of it after ${UNDER_WAY_SECONDS} s, so it was most likely not done. If one comes yet, \`npm run chat-debug -- actions\` tells it; the key of the request is ${key}.`;

/** Record of a request, once it is there, or after so many seconds. @throws NoAnswer if that cannot be asked */
async function recordOf(
  ask: Ask,
  { key, dryRun, clock }: { readonly key: string; readonly dryRun: boolean; readonly clock: Clock },
  seconds: number,
) {
  const look = async () => {
    const asked = await ask('record', { key, dryRun }, recorded).catch(() => undefined);
    if (!asked || asked.problems.length > 0) throw new NoAnswer(lost(key), true);
    return asked;
  };
  return lookUntil(({ data }) => data.actionRecord !== null, look, 1_000 * seconds, clock);
}

/** Looks again and again, until what is found is enough or the time is up. @returns what was found last */
async function lookUntil<T>(isEnough: (found: T) => boolean, look: () => Promise<T>, limitMs: number, clock: Clock) {
  const endMs = clock.monotonicMs() + limitMs;
  for (;;) {
    const found = await look();
    if (isEnough(found) || clock.monotonicMs() >= endMs) return found;
    await clock.sleep(LOOK_MS);
  }
}

/** Waits until the operator knows whether the findings are gone. PENDING: it does not, after 45 s. */
export async function askResolution(ask: Ask, key: string, clock: Clock): Promise<string> {
  const look = () =>
    ask('record', { key }, recorded).then(
      ({ data }) => data.actionRecord?.resolved ?? 'PENDING',
      () => 'PENDING', // the gateway may be back soon
    );
  return lookUntil((resolved) => resolved !== 'PENDING', look, LONGEST_MS, clock);
}

/** Clause on findings that are to be gone. */
export const gone = (findings: readonly string[]): string =>
  findings.length === 0 ? 'it helped' : `${findings.join(', ')} ${findings.length === 1 ? 'is' : 'are'} gone`;

/** Answer with what became of the findings. Its code is 1 if one is still there, and 2 if that is not known. */
export function withResolution(shown: Shown, resolved: string, findings: readonly string[], chatId: string): Shown {
  const named = findings.join(', ') || 'what it answers';
  const look = `npm run chat-debug -- why ${chatId}`;
  const ends: Readonly<Record<string, readonly [code: Shown['code'], words: string]>> = {
    YES: [0, `Gone: ${named}.`],
    NO: [1, `Still there after 30 s: ${named}. Look again: ${look}`],
  };
  const [code, words] = ends[resolved] ?? [2, `It is not known whether ${gone(findings)}. Look yourself: ${look}`];
  return {
    ...shown,
    ...{ code, json: { ...(shown.json as object), resolved } },
    text: (page) => `${shown.text(page)}\n${paragraph(page, words)}`,
  };
}
