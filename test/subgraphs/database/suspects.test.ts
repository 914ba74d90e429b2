/** What looks like trouble to `chats(filter: { suspect: true })`, one chat for each reason. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { databasePerFile } from '../../support/database.ts';
import {
  type ChatColumns,
  insertChat,
  insertHealthyChat,
  insertHeartbeat,
  insertReplica,
  queueMessages,
} from './support/rows.ts';
import { subgraphPerFile } from './support/subgraph.ts';

const database = databasePerFile();
/** So long that a healthy chat stays healthy on a slow machine. */
const LIMIT_SECONDS = 3600;
const ask = subgraphPerFile(database, { staleAfterSeconds: LIMIT_SECONDS, noProgressSeconds: LIMIT_SECONDS });

async function isSuspect(chatId: string, ownerId: string): Promise<boolean> {
  const { data, errors } = await ask(
    `query ($owner: UUID!) { yes: chats(filter: { ownerId: $owner, suspect: true }) { edges { node { chatId } } }
       no: chats(filter: { ownerId: $owner, suspect: false }) { edges { node { chatId } } } }`,
    { owner: ownerId },
  );
  expect(errors).toEqual([]);
  const here = { edges: [{ node: { chatId } }] };
  const nowhere = { edges: [] };
  const answers = [
    { yes: here, no: nowhere },
    { yes: nowhere, no: here },
  ];
  expect(answers).toContainEqual(data);
  return isDeepStrictEqual(data, answers[0]);
}

type Make = (columns: Partial<ChatColumns>) => Promise<string>;

/** A healthy chat with these differences. */
const but =
  (differences: Partial<ChatColumns>): Make =>
  async (columns) =>
    (await insertHealthyChat(database.pool, { ...columns, ...differences })).id;

const ownedBy =
  (replica: Parameters<typeof insertReplica>[1]): Make =>
  async (columns) =>
    but({ worker_id: await insertReplica(database.pool, replica) })(columns);

/** Without a lease of the runner that it names. */
const withoutLease: Make = async (columns) =>
  insertChat(database.pool, {
    ...columns,
    status: 'running',
    worker_id: await insertReplica(database.pool),
    runner_id: randomUUID(),
  });

const withLease =
  (at: string): Make =>
  async (columns) => {
    const runnerId = randomUUID();
    const id = await withoutLease({ ...columns });
    await database.pool.query('UPDATE chats SET runner_id = $2 WHERE id = $1', [id, runnerId]);
    await insertHeartbeat(database.pool, id, runnerId, at);
    return id;
  };

const queued =
  (make: Make): Make =>
  async (columns) => {
    const id = await make(columns);
    await queueMessages(database.pool, id, 1);
    return id;
  };

const plain =
  (columns: Partial<ChatColumns>): Make =>
  async (more) =>
    insertChat(database.pool, { ...more, ...columns });

const retryAt = (retrying_at: unknown) => but({ retry_state: { attempt: 1, retrying_at } });
const PAST = '2020-01-01T00:00:00';
const FUTURE = '2100-01-01T00:00:00';

const SUSPECT: [string, Make][] = [
  ['a waiting chat with a queue (INVALID)', queued(plain({ status: 'waiting' }))],
  ['an archived chat that runs (INVALID)', but({ archived: true })],
  ['a status of former times (INVALID)', plain({ status: 'paused' })],
  ['a queue behind an error (E1)', queued(plain({ status: 'error' }))],
  ['no owner', but({ worker_id: null, updated_at: 'now()' })],
  ['no runner', withoutRunner],
  ['an owner that is in no table', but({ worker_id: randomUUID() })],
  ['an owner that has stopped', ownedBy({ stopped_at: 'now()' })],
  ['no lease', withoutLease],
  ['a lease ahead of the clock', withLease(`now() + interval '1 hour'`)],
  ['a lease that is lost', withLease(`now() - interval '3601 seconds'`)],
  [
    'a deadline that has passed',
    but({ status: 'requires_action', requires_action_deadline_at: `now() - interval '1 s'` }),
  ],
  ['a retry time that has passed', retryAt(`${PAST}.000Z`)],
  ['a retry time that has passed, as other writers write it', retryAt(`${PAST}.123456789+02:00`)],
  ['no change for too long', but({ updated_at: `now() - interval '3601 seconds'` })],
  [
    'no change for too long while being interrupted',
    but({ status: 'interrupting', updated_at: `now() - interval '1 day'` }),
  ],
];

const FINE: [string, Make][] = [
  ['a healthy chat that runs', but({})],
  ['a healthy chat that runs, with a queue', queued(but({}))],
  ['a chat that waits', plain({ status: 'waiting', updated_at: `now() - interval '1 year'` })],
  ['an archived chat that waits', plain({ status: 'waiting', archived: true })],
  ['an error with nothing queued (E0)', plain({ status: 'error', updated_at: `now() - interval '1 year'` })],
  ['an archived error with a queue (XE1)', queued(plain({ status: 'error', archived: true }))],
  ['an owner whose row is old', ownedBy({ updated_at: `now() - interval '1 day'` })],
  ['a deadline ahead', but({ status: 'requires_action', requires_action_deadline_at: `now() + interval '1 hour'` })],
  ['a retry time ahead', retryAt(`${FUTURE}Z`)],
  ['a retry time that is no time', retryAt('soon')],
  ['a retry time that no calendar has', retryAt('2020-02-31T00:00:00Z')],
  ['a retry time that is no text', retryAt({ seconds: 5 })],
  ['a retry state that is no object', but({ retry_state: '"broken"' })],
];

async function withoutRunner(columns: Partial<ChatColumns>): Promise<string> {
  const worker_id = await insertReplica(database.pool);
  return insertChat(database.pool, { ...columns, status: 'running', worker_id });
}

describe.each([
  [true, SUSPECT],
  [false, FINE],
])('suspect: %s', (expected, chats) => {
  test.each(chats)('%s', async (_what, make) => {
    const ownerId = randomUUID();
    const id = await make({ owner_id: ownerId });
    expect(await isSuspect(id, ownerId)).toBe(expected);
  });
});
