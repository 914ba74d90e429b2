/** Chats that look like trouble to `chats(filter: { suspect: true })`, one for each reason. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { databasePerFile } from '../../support/database.ts';
import {
  type ChatColumns,
  insertChat,
  insertHealthyChat,
  insertHeartbeat,
  insertMessage,
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

/** Chat without a lease of the runner that it names. */
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

/** The same, long ago. */
const late =
  (make: Make): Make =>
  async (columns) => {
    const id = await make(columns);
    await database.pool.query(`UPDATE chats SET updated_at = ${LATE} WHERE id = $1`, [id]);
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
const retryIn = (seconds: number, kind: unknown) =>
  but({
    retry_state: {
      attempt: 1,
      kind,
      retrying_at: new Date(systemClock.now().getTime() + seconds * 1_000).toISOString(),
    },
  });
const PAST = '2020-01-01T00:00:00';
const FUTURE = '2100-01-01T00:00:00';

const OLD = `now() - interval '1 hour'`;
/** Longer than workers take to look, and shorter than a chat may be quiet. */
const LATE = `now() - interval '30 seconds'`;

/** A chat at rest whose last message is this. */
const atRest =
  (role: string, content: unknown, columns: Partial<ChatColumns> = {}, finishReason: string | null = null): Make =>
  async (more) => {
    const id = await insertChat(database.pool, { updated_at: LATE, ...more, ...columns, status: 'waiting' });
    await database.pool.query(
      'INSERT INTO chat_messages (chat_id, role, content, finish_reason) VALUES ($1, $2, $3, $4)',
      [id, role, JSON.stringify(content), finishReason],
    );
    return id;
  };
/** Waits for a tool, until nothing. */
const waitsForEver =
  (content: unknown): Make =>
  async (columns) => {
    const requires_action_deadline_at = `'infinity'`;
    const id = await but({ status: 'requires_action', requires_action_deadline_at, updated_at: LATE })(columns);
    await insertMessage(database.pool, id, 'assistant', content);
    return id;
  };
const CALL = [{ type: 'tool-call', toolCallId: 'call_1', toolName: 'ask', input: {} }];
const NO_TEXT = [{ type: 'reasoning', text: 'x' }];

/** The same, with a later message that nobody waits for an answer to. */
const thenSystem =
  (make: Make): Make =>
  async (columns) => {
    const id = await make(columns);
    await insertMessage(database.pool, id, 'system', 'be brief');
    return id;
  };

const SUSPECT: [string, Make][] = [
  ['a waiting chat with a queue (INVALID)', queued(plain({ status: 'waiting' }))],
  ['an archived chat that runs (INVALID)', but({ archived: true })],
  ['a status of former times (INVALID)', plain({ status: 'paused' })],
  ['a queue behind an error (E1)', queued(plain({ status: 'error' }))],
  [
    'an error that trying again does not help',
    plain({ status: 'error', updated_at: OLD, last_error: { retryable: false } }),
  ],
  ['no owner for long', but({ worker_id: null, updated_at: LATE })],
  ['no runner for long', late(withoutRunner)],
  ['no lease for long', late(withoutLease)],
  ['a lease that is lost for long', late(withLease(`now() - interval '3601 seconds'`))],
  ['a lease that is renewed late', withLease(`now() - interval '2000 seconds'`)],
  ['a lease ahead of the clock', withLease(`now() + interval '1 hour'`)],
  ['a lease of no time', withLease(`'infinity'`)],
  ['a row ahead of the clock', but({ updated_at: `now() + interval '1 minute'` })],
  ['a row at rest ahead of the clock', plain({ status: 'waiting', updated_at: `now() + interval '1 minute'` })],
  ['a failed row ahead of the clock', plain({ status: 'error', updated_at: `now() + interval '1 minute'` })],
  ['a row of no time that runs', but({ updated_at: `'infinity'` })],
  [
    'a deadline that has passed',
    but({ status: 'requires_action', requires_action_deadline_at: `now() - interval '10 s'` }),
  ],
  ['a deadline that cannot be said', but({ status: 'requires_action', requires_action_deadline_at: `'294276-01-01'` })],
  ['no deadline, and no open call', waitsForEver([])],
  ['a retry time that has passed', retryAt(`${PAST}.000Z`)],
  ['a retry time that has passed, as other writers write it', retryAt(`${PAST}.123456789+02:00`)],
  ['a retry time that nobody waits for', retryAt(`${FUTURE}Z`)],
  ['a retry time that is no time', retryAt('soon')],
  ['a retry time that no calendar has', retryAt('2020-02-31T00:00:00Z')],
  ['an answer of the model that the database refused', retryIn(60, 'data')],
  ['no change for too long', but({ updated_at: `now() - interval '3601 seconds'` })],
  [
    'no change for too long while being interrupted',
    but({ status: 'interrupting', updated_at: `now() - interval '1 day'` }),
  ],
  ['a person’s message that stands last at rest', atRest('user', 'x')],
  ['a person’s message before one of the system', thenSystem(atRest('user', 'x'))],
  ['a person’s message at rest in a row ahead of all time', atRest('user', 'x', { updated_at: `'infinity'` })],
  ['a person’s message at rest in a row before all time', atRest('user', 'x', { updated_at: `'-infinity'` })],
  ['a turn that ended without text in a row of no time', atRest('assistant', NO_TEXT, { updated_at: `'-infinity'` })],
  ['a turn that ended without text', atRest('assistant', NO_TEXT)],
  ['a turn that ended with a tool’s result', atRest('tool', [])],
];

const FINE: [string, Make][] = [
  ['a healthy chat that runs', but({})],
  ['a healthy chat that runs, with a queue', queued(but({}))],
  ['a chat that waits', plain({ status: 'waiting', updated_at: `now() - interval '1 year'` })],
  ['an archived chat that waits', plain({ status: 'waiting', archived: true })],
  [
    'an archived chat ahead of the clock',
    plain({ status: 'waiting', archived: true, updated_at: `now() + interval '1 day'` }),
  ],
  ['an error with nothing queued (E0)', plain({ status: 'error', updated_at: `now() - interval '1 year'` })],
  ['an error that trying again may help', plain({ status: 'error', last_error: { retryable: true } })],
  ['an archived error with a queue (XE1)', queued(plain({ status: 'error', archived: true }))],
  ['an owner whose row is old', ownedBy({ updated_at: `now() - interval '1 day'` })],
  ['an owner that has stopped, with a fresh lease', ownedBy({ stopped_at: 'now()' })],
  ['an owner that is in no table, with a fresh lease', but({ worker_id: randomUUID() })],
  ['no owner yet', but({ worker_id: null })],
  ['a deadline ahead', but({ status: 'requires_action', requires_action_deadline_at: `now() + interval '1 hour'` })],
  ['no deadline, and an open call', waitsForEver(CALL)],
  ['a retry after trouble of the provider', retryIn(60, 'overloaded')],
  ['a retry for a reason that is no text', retryIn(60, ['data'])],
  ['a retry state that is no object', but({ retry_state: '"broken"' })],
  ['an answer in a row of no time', atRest('assistant', [{ type: 'text', text: 'x' }], { updated_at: `'infinity'` })],
  ['an answer', atRest('assistant', [{ type: 'text', text: 'x' }])],
  ['an answer before a message of the system', thenSystem(atRest('assistant', 'x'))],
  ['nothing but a message of the system', atRest('system', 'x')],
  ['a turn that a person ended', atRest('assistant', [], {}, 'interrupted')],
  ['a person’s message that came just now', atRest('user', 'x', { updated_at: 'now()' })],
  [
    'a person’s message of the day before yesterday',
    atRest('user', 'x', { updated_at: `now() - interval '25 hours'` }),
  ],
  ['an archived chat without an answer', atRest('user', 'x', { archived: true })],
  ['content of no known form', atRest('assistant', { text: '' })],
];

async function withoutRunner(columns: Partial<ChatColumns>): Promise<string> {
  const worker_id = await insertReplica(database.pool);
  return insertChat(database.pool, { ...columns, status: 'running', worker_id });
}

test('a chat that was written while triggers were off is one once the statement of the runbook has run', async () => {
  const [ownerId, chatId] = [randomUUID(), randomUUID()];
  await database.pool.query(
    `BEGIN; SET LOCAL session_replication_role = replica;
     INSERT INTO chats (id, owner_id, status, updated_at) VALUES ('${chatId}', '${ownerId}', 'waiting', ${LATE});
     INSERT INTO chat_messages (chat_id, role, content, revision) VALUES ('${chatId}', 'user', '"x"', 1);
     COMMIT`,
  );
  expect(await isSuspect(chatId, ownerId)).toBe(false);
  const runbook = await readFile(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
  const [, statement = ''] = /```sql\n(UPDATE chats SET unanswered[^`]*)```/.exec(runbook) ?? [];
  await database.pool.query(statement);
  expect(await isSuspect(chatId, ownerId)).toBe(true);
});

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
