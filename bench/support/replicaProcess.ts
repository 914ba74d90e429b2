/** A replica as `npm run start:replica` runs it, with its default settings, and its own words. */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { environmentWith } from '../../server/settings/config.ts';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { type StartedChild, startChild } from '../../test/support/childProcess.ts';

const INTERNAL_SECRET = randomUUID();
const QUERY = `query ($workerId: UUID!) {
  _entities(representations: [{ __typename: "ReplicaRuntime", workerId: $workerId }]) {
    ... on ReplicaRuntime { runnerCount capacity eventLoopDelayMs residentBytes }
  }
}`;

const runtime = z.object({
  runnerCount: z.number(),
  capacity: z.number(),
  eventLoopDelayMs: z.number(),
  residentBytes: z.number(),
});
const answer = z.object({ data: z.object({ _entities: z.tuple([runtime]) }) });

export interface ReplicaProcess {
  readonly id: string;
  readonly child: StartedChild;
  inspect(): Promise<z.infer<typeof runtime>>;
}

/** Resolves when it begins to take chats. */
export async function startReplicaProcess(databaseUrl: string): Promise<ReplicaProcess> {
  const environment = environmentWith({ DATABASE_URL: databaseUrl, INTERNAL_SECRET, LOG_LEVEL: 'warn' });
  const script = new URL('../../subgraphs/runtime/main.ts', import.meta.url);
  const child = startChild({ name: 'replica', script, environment });
  const { url, id = '' } = await child.ready;
  return { id, child, inspect: () => ask(url, id) };
}

async function ask(url: string, workerId: string): Promise<z.infer<typeof runtime>> {
  const token = await signInternalToken(INTERNAL_SECRET, workerId, { sub: randomUUID(), roles: [READ_ALL] });
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: QUERY, variables: { workerId } }),
  });
  return answer.parse(await response.json()).data._entities[0];
}
