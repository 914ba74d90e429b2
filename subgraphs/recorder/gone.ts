/** Chats that do not exist any more, told from those that a standby does not have yet. */
import * as z from 'zod';
import { STANDBY_LAG_SECONDS } from '../../domain/diagnosis/limits.ts';
import type { Ask } from './gateway.ts';

const answer = z.object({
  chatDebugSnapshots: z.array(z.unknown()),
  database: z.object({ isInRecovery: z.boolean(), replayLagSeconds: z.number().nullable() }).nullish().catch(null),
});

/**
 * Asks again for chats that were not found, together with how old the answer may be. A server that is behind, or does
 * not say whether it is, answers for none of them.
 * @returns those that do not exist
 * @throws NoAnswer
 */
export async function goneOf(ask: Ask, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const { data, problems } = await ask('gone', { chats: ids });
  const { data: said } = answer.safeParse(data);
  if (!said?.database || mayBeBehind(said.database)) return new Set();
  const refused = new Set(problems.map(({ path: [, place] }) => place));
  return new Set(ids.filter((_, place) => said.chatDebugSnapshots[place] === null && !refused.has(place)));
}

const mayBeBehind = ({ isInRecovery, replayLagSeconds }: NonNullable<z.output<typeof answer>['database']>) =>
  isInRecovery && (replayLagSeconds ?? Number.POSITIVE_INFINITY) > STANDBY_LAG_SECONDS;
