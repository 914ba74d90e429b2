/**
 * A handler that makes only the calls that a query needs: no schema, no identity, no limits, no errors.
 * For each shape it is told what to ask the database and the replicas, and puts the second answer into the first.
 */
import { once } from 'node:events';
import { Agent } from 'undici';
import { answerAll } from '../support/answeringProcess.ts';

export interface HandWrittenSpec {
  readonly databaseUrl: string;
  readonly replicas: readonly { readonly id: string; readonly relayAddress: string }[];
  /** Calls by the query of the client. */
  readonly calls: Readonly<Record<string, { readonly database: string; readonly runtime: string | null }>>;
  /** Secret of callers' tokens, if it answers behind our edge. */
  readonly authSecret?: string;
}

/** `runtime` holds the keys until the replica has answered. */
interface Chat {
  runtime: unknown;
}

const [{ databaseUrl, replicas, calls, authSecret }] = (await once(process, 'message')) as [HandWrittenSpec];
const addresses = new Map(replicas.map(({ id, relayAddress }) => [id, relayAddress]));
const agent = new Agent({ connections: 64 });

async function post(origin: string, query: string, variables: unknown): Promise<{ data: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ query, variables });
  const response = await agent.request({ origin, path: '/graphql', method: 'POST', headers, body });
  return (await response.body.json()) as { data: Record<string, unknown> };
}

async function handle(body: string): Promise<string> {
  const { query, variables } = JSON.parse(body);
  const call = calls[query];
  if (!call) throw new Error('It answers only the queries that it was written for.');
  const { data } = await post(databaseUrl, call.database, variables);
  const [field, found] = Object.entries(data)[0] ?? [];
  if (call.runtime === null || field === undefined) return JSON.stringify({ data });
  const byOwner = new Map<string, Chat[]>();
  for (const chat of (Array.isArray(found) ? found : [found]) as Chat[]) {
    const owner = (chat.runtime as { workerId: string }).workerId;
    byOwner.set(owner, [...(byOwner.get(owner) ?? []), chat]);
  }
  const asked = [...byOwner].map(async ([workerId, chats]) => {
    const representations = chats.map(({ runtime }) => ({ __typename: 'ChatRuntime', ...(runtime as object) }));
    const answer = await post(addresses.get(workerId) ?? '', call.runtime ?? '', { representations });
    for (const [i, runtime] of (answer.data._entities as unknown[]).entries()) {
      const chat = chats[i];
      if (chat) chat.runtime = runtime;
    }
  });
  await Promise.all(asked);
  return JSON.stringify({ data });
}

await answerAll(handle, authSecret);
