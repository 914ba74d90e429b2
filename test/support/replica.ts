/** Real replicas for a test: the same parts as `npm run start:replica`, in this process, with short intervals. */
import { randomUUID } from 'node:crypto';
import { afterEach } from '@jest/globals';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { systemClock } from '../../common/clock.ts';
import { makeLogger } from '../../server/log.ts';
import { signInternalToken } from '../../server/tokens/internalToken.ts';
import { type Replica, type ReplicaOptions, startReplica } from '../../subgraphs/runtime/replica.ts';

export const INTERNAL_SECRET = 'an internal secret for tests, long enough';
export const OPERATOR = { sub: '00000000-0000-4000-8000-00000000000a', roles: ['chat-debug:read-all'] };

/** Call at the top of a test file. What is started is stopped after each test. */
export function replicasPerTest(databaseUrl: () => string) {
  const started: Replica[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((replica) => replica.stop()));
  });
  return async (changes: Partial<ReplicaOptions> = {}): Promise<Replica> => {
    const replica = await startTestReplica(databaseUrl(), changes);
    started.push(replica);
    return replica;
  };
}

/** With short intervals, and a lease that a busy machine does not lose. The caller stops it. */
export const startTestReplica = (databaseUrl: string, changes: Partial<ReplicaOptions> = {}) =>
  startReplica({
    workerId: randomUUID(),
    hostname: 'test',
    databaseUrl,
    internalSecret: INTERNAL_SECRET,
    host: '127.0.0.1',
    port: 0,
    relayAddress: undefined,
    model: 'built-in',
    modelApiKey: undefined,
    maxAttempts: 8,
    maxSteps: 200,
    maxRunners: 100,
    bufferTotalBytes: 64 * 1024 * 1024,
    actionTimeoutSeconds: 60,
    heartbeatIntervalSeconds: 0.3,
    staleAfterSeconds: 30,
    clockAheadSeconds: 2,
    writesEvents: true,
    historyRetentionDays: 14,
    acquisitionIntervalSeconds: 0.3,
    clock: systemClock,
    log: makeLogger('replica', 'silent'),
    ...changes,
  });

/** Asks one replica's runtime subgraph for entities, as the gateway does. */
export async function askReplica(
  replica: { url: string; workerId: string },
  selection: string,
  representations: object[],
  audience = replica.workerId,
  caller = OPERATOR,
) {
  const token = await signInternalToken(INTERNAL_SECRET, audience, caller);
  const response = await fetch(`${replica.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      query: `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`,
      variables: { representations },
    }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as { data?: { _entities: unknown[] }; errors?: unknown[] },
  };
}

/** Reads a chat's stream from a replica to its end. */
export async function* readStream(replica: { url: string; workerId: string }, chatId: string) {
  const token = await signInternalToken(INTERNAL_SECRET, replica.workerId, OPERATOR);
  const response = await fetch(`${replica.url}/chats/${chatId}/stream`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.body) throw new Error(`no stream: ${response.status}`);
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of events) yield { event: event ?? '', data };
}
