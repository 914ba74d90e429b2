/** A replica as `npm run start:replica` runs it, with its default settings, and its own words. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { systemClock as clock } from '../../common/clock.ts';
import { type Child, runChild } from '../../local/supervisor/childProcess.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';

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
  readonly child: Child;
  /** Lines written so far: warnings and errors. */
  readonly lines: readonly string[];
  inspect(): Promise<z.infer<typeof runtime>>;
}

/** Resolves when it begins to take chats. */
export async function startReplicaProcess(databaseUrl: string): Promise<ReplicaProcess> {
  const lines: string[] = [];
  const environment = environmentWith({ DATABASE_URL: databaseUrl, INTERNAL_SECRET, LOG_LEVEL: 'warn' });
  const script = new URL('../../subgraphs/runtime/main.ts', import.meta.url);
  const child = runChild({ name: 'replica', script, environment }, clock, (line) => lines.push(line));
  const died = child.ended.then(() => Promise.reject(new Error(`The replica did not start:\n${lines.join('\n')}`)));
  const { url, id = '' } = await Promise.race([child.ready, died]);
  died.catch(() => {}); // from here on its end is the caller's business
  return { id, child, lines, inspect: () => ask(url, id) };
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
