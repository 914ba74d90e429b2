/** Looks at chats through the gateway, as the diagnosis of every replica tells. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { LOOKED_BEFORE_MS, type Seen } from '../../../domain/actions/resolution.ts';
import { type AskGateway, type GatewayClient, NoAnswer, openGateway } from '../../../server/processGateway.ts';
import { OPERATOR_CALLER } from '../../../server/tokens/internalToken.ts';

const FILE = new URL('../operations/looks.graphql', import.meta.url);
/** Chats of one question at most. Fewer are asked where that costs more than the gateway allows. */
const CHATS_AT_ONCE = 20;

/** @param url GraphQL endpoint of the gateway */
export const openOperatorGateway = (url: string, internalSecret: string): GatewayClient<'looks'> =>
  openGateway({ url, internalSecret, caller: OPERATOR_CALLER, texts: { looks: readFileSync(FILE, 'utf8') } });

const chat = z.object({
  database: z.object({ snapshotVersion: z.number().nullish() }).nullish().catch(null),
  diagnosisEverywhere: z.object({ verdict: z.string(), findings: z.array(z.object({ code: z.string() })) }),
});
const answer = z.object({ chatDebugSnapshots: z.array(z.unknown()) });

/** Looks at chats. Those that were not answered are missing. @throws NoAnswer if none was */
export async function lookAt(ask: AskGateway<'looks'>, chatIds: readonly string[]): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>();
  let size = CHATS_AT_ONCE;
  for (let from = 0; from < chatIds.length; ) {
    const page = chatIds.slice(from, from + size);
    try {
      for (const [id, one] of await lookAtPage(ask, page)) seen.set(id, one);
      from += page.length;
    } catch (error) {
      if (!(error instanceof NoAnswer) || error.code !== 'QUERY_TOO_COMPLEX' || size === 1) throw error;
      size = Math.floor(size / 2);
    }
  }
  return seen;
}

/** Looks at one chat before it is acted on. Undefined: no answer came in time. */
export async function lookBefore(ask: AskGateway<'looks'>, chatId: string): Promise<Seen | undefined> {
  try {
    const seen = await lookAt((operation, variables) => ask(operation, variables, LOOKED_BEFORE_MS), [chatId]);
    return seen.get(chatId);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return undefined;
  }
}

async function lookAtPage(ask: AskGateway<'looks'>, page: readonly string[]): Promise<[string, Seen][]> {
  const { data, problems } = await ask('looks', { chats: page });
  const parsed = answer.safeParse(data);
  if (!parsed.success) throw new NoAnswer('BAD_ANSWER');
  const refused = new Set(problems.map(({ path: [, place] }) => place));
  return page.flatMap((id, place): [string, Seen][] => {
    const one = parsed.data.chatDebugSnapshots[place];
    if (one === null && !refused.has(place)) return [[id, null]];
    const read = chat.safeParse(one);
    if (!read.success) return [];
    const { database, diagnosisEverywhere } = read.data;
    const { verdict, findings } = diagnosisEverywhere;
    return [[id, { verdict, codes: findings.map(({ code }) => code), version: database?.snapshotVersion ?? null }]];
  });
}
