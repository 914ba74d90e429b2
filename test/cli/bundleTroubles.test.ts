/** Bundles of chats in trouble, in a running system: offline they say what the gateway said. */
import { randomUUID } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import * as z from 'zod';
import { DIAGNOSIS_SETTINGS } from '../gateway/gateways.ts';
import { deadUrl, serversPerTest } from '../gateway/httpServers.ts';
import { insertChat, insertHeartbeat, insertReplica, queueMessages } from '../subgraphs/database/support/rows.ts';
import { bundlesPerFile, FROZEN, unwrapped } from './support/bundles.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(240_000);

const system = debugSystemPerFile({ diagnosis: { ...DIAGNOSIS_SETTINGS, noProgressSeconds: 3 } });
const { database, startReplica, chat } = system;
const { taken, offline, untilVerdict } = bundlesPerFile(system);
const servers = serversPerTest();
const ago = (time: string) => `now() - interval '${time}'`;

/** What the gateway said in its answer to the question for a bundle. */
const answered = z.object({
  data: z.object({
    chatDebugSnapshot: z.object({
      ...{ diagnosis: z.object({ verdict: z.string(), summary: z.string() }) },
      diagnosisEverywhere: z.object({ verdict: z.string(), summary: z.string() }).nullable(),
    }),
  }),
});

/** Door in front of the gateway that keeps the answers. */
async function door() {
  const answers: unknown[] = [];
  const { url, received } = await servers.serve(async (response, { headers, body }) => {
    const { authorization = '' } = headers;
    const answer = await fetch(`${system.system.url}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    answers.push(JSON.parse(text));
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
  return { url, received, last: () => answered.parse(answers.at(-1)).data.chatDebugSnapshot };
}

/** An owner that is not there. */
async function away(heartbeatAt: string): Promise<string> {
  const worker_id = await insertReplica(database.pool);
  await database.pool.query('UPDATE replicas SET relay_address = $2 WHERE id = $1', [worker_id, await deadUrl()]);
  const runner_id = randomUUID();
  const id = await insertChat(database.pool, { status: 'running', worker_id, runner_id, updated_at: ago('1 min') });
  await insertHeartbeat(database.pool, id, runner_id, heartbeatAt);
  return id;
}

/** The troubles of the README and of the terminal's page, and chats with which nothing is wrong. */
const TROUBLES: readonly (readonly [what: string, verdict: string, make: () => Promise<string>])[] = [
  [
    'the model fell silent',
    'STUCK',
    async () => {
      await startReplica(FROZEN);
      return chat('create', '/stall', '--owner', randomUUID());
    },
  ],
  ['the status was edited by hand', 'STUCK', () => insertChat(database.pool, { status: 'paused' })],
  ['the owner does not answer, and its lease is fresh', 'UNKNOWN', () => away(`now() + interval '1 second'`)],
  ['the owner is gone, and its lease has run out', 'STUCK', () => away(ago('5 min'))],
  [
    'messages wait behind a failure',
    'FAILED',
    async () => {
      const last_error = { kind: 'auth', message: 'no', status_code: 401, retryable: false };
      const id = await insertChat(database.pool, { status: 'error', last_error });
      await queueMessages(database.pool, id, 1);
      return id;
    },
  ],
  [
    'a worker is at it',
    'WORKING',
    async () => {
      await startReplica(FROZEN);
      return chat('create', '/slow 120', '--owner', randomUUID());
    },
  ],
  [
    'it waits for a tool',
    'WAITING',
    async () => {
      await startReplica({ ...FROZEN, actionTimeoutSeconds: 300 });
      return chat('create', '/tool ask_person', '--owner', randomUUID());
    },
  ],
  ['nothing is to be done', 'IDLE', () => insertChat(database.pool, { status: 'waiting' })],
];

const CODES: Readonly<Record<string, number>> = { STUCK: 1, FAILED: 1, UNKNOWN: 2, WORKING: 0, WAITING: 0, IDLE: 0 };

describe('a bundle of a chat', () => {
  test.each(TROUBLES)('where %s says offline what the gateway said: %s', async (_, verdict, make) => {
    const id = await make();
    await untilVerdict(id, verdict);
    const { url, received, last } = await door();
    const { file, code } = await taken(id, { url });
    expect(received).toHaveLength(1);
    const { diagnosis, diagnosisEverywhere } = last();
    expect([diagnosis.verdict, code]).toEqual([verdict, CODES[verdict]]);

    const read = await offline('why', '--from', file);
    expect(read).toMatchObject({ code, stderr: '' });
    expect(read.stdout).toMatch(new RegExp(`^${verdict}  chat ${id}, state `));
    expect(unwrapped(read.stdout)).toContain(diagnosis.summary);
    const everywhere = await offline('why', '--everywhere', '--from', file);
    expect(everywhere.code).toBe(CODES[diagnosisEverywhere?.verdict ?? '']);
    expect(unwrapped(everywhere.stdout)).toContain(diagnosisEverywhere?.summary);
  });
});
