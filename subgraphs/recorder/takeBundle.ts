/** The whole bundle of a chat, as an incident keeps it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { type Answer, assemble } from '../../domain/bundle/assemble.ts';
import { fitted } from '../../domain/bundle/fit.ts';
import { RULES_FINGERPRINT } from '../../domain/diagnosis/fingerprint.ts';
import { NoAnswer } from '../../server/processGateway.ts';
import { RECORDER_CALLER } from '../../server/tokens/internalToken.ts';
import { type Ask, textOf } from './gateway.ts';

/** Bytes of the JSON of a stored bundle at most. */
const MOST_BUNDLE_BYTES = 262_144;

const answer = z.object({
  chatDebugSnapshot: z.record(z.string(), z.unknown()),
  replicas: z.unknown().optional(),
  database: z.unknown().optional(),
});

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

/**
 * Takes a bundle, as JSON text that is small enough.
 * @returns undefined if it is too large even without its lists
 * @throws NoAnswer if the gateway does not answer, or the chat is gone
 */
export async function takeBundle(ask: Ask, chatId: string, takenAt: Date): Promise<string | undefined> {
  const { data, problems } = await askWhole(ask, chatId);
  const bundle = assemble(data, {
    takenAt: takenAt.toISOString(),
    takenBy: { sub: RECORDER_CALLER.sub, roles: [...RECORDER_CALLER.roles] },
    versions: { tool: version, schema: QUESTION_FINGERPRINT, rules: RULES_FINGERPRINT },
    notAnswered: problems.map(({ path, code }) => ({ path: path.join('.'), code })),
  });
  const small = fitted(bundle, MOST_BUNDLE_BYTES);
  return small && JSON.stringify(small);
}

const QUESTION_FINGERPRINT = createHash('sha256').update(textOf('bundle')).digest('hex').slice(0, 12);

/** Asks for all of it, and again without the diagnosis if that failed: its failure takes the whole chat. */
async function askWhole(ask: Ask, chat: string) {
  const whole = await ask('bundle', { chat });
  const data = answer.safeParse(whole.data);
  if (data.success) return { data: data.data satisfies Answer, problems: whole.problems };
  const failed = whole.problems.filter(({ path }) => path.includes('diagnosis'));
  if (failed.length === 0) throw new NoAnswer(whole.problems[0]?.code ?? 'NOT_FOUND');
  const halves = await ask('bundle', { chat, judged: false });
  const rest = answer.safeParse(halves.data);
  if (!rest.success) throw new NoAnswer(halves.problems[0]?.code ?? 'NOT_FOUND');
  return { data: rest.data satisfies Answer, problems: [...failed, ...halves.problems] };
}
