/** `chat-debug bundle`: puts all that is known of a chat at this moment into one file. */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { anonymized, type Pseudonym } from '../../domain/bundle/anonymous.ts';
import { assemble } from '../../domain/bundle/assemble.ts';
import type { Bundle, Facts } from '../../domain/bundle/format.ts';
import { RULES_FINGERPRINT } from '../../domain/diagnosis/fingerprint.ts';
import type { Answered, Ask, Problem } from './ask.ts';
import { operations } from './operations.ts';
import { noSuchChat, withoutAnswer } from './shown.ts';

const answer = z.object({
  chatDebugSnapshot: z.record(z.string(), z.unknown()).nullable(),
  replicas: z.unknown().optional(),
  database: z.unknown().optional(),
});
/** Answer as it came. It goes into a file, and not onto a terminal. */
type Whole = Answered<z.output<typeof answer>>;

interface Taker {
  readonly ask: Ask;
  readonly now: () => Date;
  readonly takenBy: Facts['takenBy'];
}

/** @throws NoAnswer, also if there is no such chat */
export async function takeBundle({ ask, now, takenBy }: Taker, chatId: string): Promise<Bundle> {
  const { data, problems } = await askWhole(ask, chatId);
  const { chatDebugSnapshot, ...others } = data;
  const chat = chatDebugSnapshot ?? withoutAnswer({ problems }, noSuchChat(chatId));
  const versions = { tool: ownVersion(), schema: QUESTION_FINGERPRINT, rules: RULES_FINGERPRINT };
  return assemble(
    { chatDebugSnapshot: chat, ...others },
    { takenAt: now().toISOString(), takenBy, versions, notAnswered: notAnswered(problems) },
  );
}

/** Asks for all of it, and again without the diagnosis if that failed: its failure takes the whole chat. */
async function askWhole(ask: Ask, chat: string): Promise<Whole> {
  const whole = asCame(await ask('bundle', { chat }, answer));
  const failed = whole.problems.filter(({ path }) => path?.includes('diagnosis'));
  if (whole.data.chatDebugSnapshot || failed.length === 0) return whole;
  const halves = asCame(await ask('bundle', { chat, judged: false }, answer));
  return { ...halves, problems: [...failed, ...halves.problems] };
}

const asCame = (answered: Whole): Whole => ({ ...answered, data: answer.parse(answered.raw) });

const notAnswered = (problems: readonly Problem[]): Facts['notAnswered'] =>
  problems.map(({ path, extensions }) => ({ path: path?.join('.') ?? '', code: extensions?.code ?? null }));

function ownVersion(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return z.object({ version: z.string() }).parse(file).version;
}

const QUESTION_FINGERPRINT = createHash('sha256').update(operations.bundle).digest('hex').slice(0, 12);

/**
 * Bundle with pseudonyms. Without a salt nobody can tell that two bundles are of the same chat.
 * @param salt the same one gives the same pseudonyms in another bundle
 */
export const withPseudonyms = (bundle: Bundle, salt: string = randomBytes(16).toString('hex')): Bundle =>
  anonymized(bundle, pseudonymsOf(salt));

/** Pseudonyms in the form of ids, of version 8, which no id of ours has. */
const pseudonymsOf =
  (salt: string): Pseudonym =>
  (id) => {
    const hex = createHmac('sha256', salt).update(id).digest('hex');
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `8${hex.slice(13, 16)}`,
      `8${hex.slice(17, 20)}`,
      hex.slice(20, 32),
    ].join('-');
  };
