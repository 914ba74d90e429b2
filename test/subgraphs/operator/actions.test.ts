/** Each action on real rows: what it changes, what it leaves, and what is recorded of it. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { OPERATE } from '../../../domain/actions/rights.ts';
import { READ_ALL } from '../../../server/tokens/internalToken.ts';
import { readChats } from '../../../subgraphs/runtime/chatd/chatState.ts';
import { eventsOf, expectKept } from '../../support/chatEvents.ts';
import { createDatabase, databasePerFile } from '../../support/database.ts';
import { whileHeld } from '../../support/locks.ts';
import { readMetrics } from '../../support/metrics.ts';
import { call, insertChat, insertMessage, insertReplica, queueMessages } from '../database/support/rows.ts';
import { askOperator, mutation, OPERATOR, offersOn, operatorsPerTest } from './support/operators.ts';

const database = databasePerFile();
const { start } = operatorsPerTest(database);
afterEach(() => database.pool.query('TRUNCATE chats, replicas CASCADE'));

async function rowOf(id: string) {
  const [chat] = await readChats(database.pool, [id]);
  if (!chat) throw new Error('The chat is gone');
  return chat;
}

const expectOf = ({ snapshotVersion, workerId, runnerId }: Awaited<ReturnType<typeof rowOf>>) => ({
  ...{ snapshotVersion, workerId, runnerId },
});

/** Takes an action on a chat as it is. */
async function take(server: { url: string }, name: string, id: string, changes: object = {}, caller = OPERATOR) {
  const variables = { id, reason: 'for a test', key: randomUUID(), expect: expectOf(await rowOf(id)), ...changes };
  const { data, errors } = await askOperator(server, mutation(name), { variables, caller });
  return { errors, ...(data?.[name] as unknown as { outcome: string; record: Record<string, unknown> }) };
}

const owned = () => ({ worker_id: randomUUID(), runner_id: randomUUID() });
const recordsOn = async (id: string) =>
  (await database.pool.query('SELECT FROM chat_debug_actions WHERE chat_id = $1', [id])).rowCount;

describe('an action', () => {
  test.each([
    ['releaseChat', { status: 'running', ...owned() }, 0, 'R0', 'R0', 'abandon'],
    ['releaseChat', { status: 'requires_action', ...owned() }, 2, 'A1', 'A1', 'abandon'],
    ['reconcileChat', { status: 'paused' }, 0, 'INVALID', 'E0', 'reconcileInvalidState'],
    ['reconcileChat', { status: 'waiting' }, 2, 'INVALID', 'E1', 'reconcileInvalidState'],
    ['interruptChat', { status: 'running', ...owned() }, 0, 'R0', 'I0', 'interrupt'],
    ['interruptChat', { status: 'requires_action' }, 1, 'A1', 'R1', 'interrupt'],
    ['retryChat', { status: 'error', last_error: '{"kind": "auth"}' }, 0, 'E0', 'R0', 'retry'],
    ['retryChat', { status: 'error', last_error: '{"kind": "auth"}' }, 2, 'E1', 'R1', 'retry'],
    ['cancelPendingAction', { status: 'requires_action' }, 0, 'A0', 'R0', 'cancelRequiresAction'],
    ['deleteQueuedMessages', { status: 'error' }, 3, 'E1', 'E0', 'deleteQueued'],
    ['deleteQueuedMessages', { status: 'running', ...owned() }, 1, 'R1', 'R0', 'deleteQueued'],
  ] as const)(
    '%s on %j with %i queued messages leads from %s to %s',
    async (name, columns, queued, from, to, transition) => {
      const server = await start();
      const id = await insertChat(database.pool, columns);
      await insertMessage(database.pool, id, 'assistant', [call('call-1')]);
      if (queued > 0) await queueMessages(database.pool, id, queued);
      const before = await rowOf(id);
      const offer = (await offersOn(server, id))?.find(({ token, action }) => token && action === upper(name));
      expect(offer).toMatchObject({ allowed: true, whyNot: null, from, to, changes: expect.stringMatching(/\.$/) });
      const { errors, outcome, record } = await take(server, name, id, { expect: null, token: offer?.token });
      expect(errors).toBeUndefined();
      expect(outcome).toBe('DONE');
      expect(record).toMatchObject({
        ...{
          actor: 'an-operator',
          tokenId: 'token-7',
          via: 'GRAPHQL',
          action: upper(name),
          chatId: id,
          replicaId: null,
        },
        ...{ reason: 'for a test', expectedVersion: before.snapshotVersion, foundVersion: before.snapshotVersion },
        ...{
          before: from,
          after: to,
          versionAfter: before.snapshotVersion + 1,
          outcome: 'DONE',
          why: null,
          dryRun: false,
        },
        resolved: 'PENDING',
      });
      const after = await rowOf(id);
      expect(after.snapshotVersion).toBe(before.snapshotVersion + 1);
      expect((await eventsOf(database.pool, id)).at(-1)).toMatchObject({
        ...{ by: 'o', transitions: [transition], fromState: from, toState: to },
        detail: { action: upper(name), record: record.id, reason: 'for a test' },
      });
      if (name !== 'reconcileChat') await expectKept(database.pool, id);
      if (name === 'releaseChat') expect([after.workerId, after.runnerId]).toEqual([null, null]);
      const { rows } = await database.pool.query('SELECT last_error FROM chats WHERE id = $1', [id]);
      if (name === 'retryChat') expect(rows).toEqual([{ last_error: null }]);
    },
  );

  test('takes as many statements for a long queue as for a short one', async () => {
    const server = await start();
    const statements = async (queued: number) => {
      const id = await insertChat(database.pool, { status: 'error' });
      await queueMessages(database.pool, id, queued);
      expect(await take(server, 'deleteQueuedMessages', id)).toMatchObject({
        outcome: 'DONE',
        record: { after: 'E0' },
      });
      expect((await rowOf(id)).queueDepth).toBe(0);
      // Number of the statement in its transaction that last wrote the row, those of triggers counted.
      const { rows } = await database.pool.query('SELECT cmin::text::int FROM chats WHERE id = $1', [id]);
      return rows[0].cmin;
    };
    const ofTriggers = 198;
    expect(await statements(200)).toBe((await statements(2)) + ofTriggers);
  });

  test('that would change nothing says so, and one that the state machine refuses says why', async () => {
    const server = await start();
    const id = await insertChat(database.pool, { status: 'waiting' });
    const { snapshotVersion } = await rowOf(id);
    for (const [name, outcome, why] of [
      ['releaseChat', 'NO_CHANGE', 'Nobody owns the chat.'],
      ['deleteQueuedMessages', 'NO_CHANGE', 'No message is queued.'],
      ['reconcileChat', 'REFUSED', 'This is possible in INVALID. The chat is in W.'],
      ['interruptChat', 'REFUSED', 'This is possible in R0, R1, A0, A1. The chat is in W.'],
      ['retryChat', 'REFUSED', 'This is possible in E0, E1. The chat is in W.'],
      ['cancelPendingAction', 'REFUSED', 'This is possible in A0, A1. The chat is in W.'],
    ] as const) {
      const taken = await take(server, name, id);
      expect([name, taken.errors, taken.outcome, taken.record.why]).toEqual([name, undefined, outcome, why]);
      expect(taken.record).toMatchObject({ before: 'W', after: null, versionAfter: null, resolved: 'UNKNOWN' });
    }
    expect((await rowOf(id)).snapshotVersion).toBe(snapshotVersion);
    expect(await recordsOn(id)).toBe(6);
    expect((await readMetrics(server)).get('chat_debug_actions_total{action="RETRY_CHAT",outcome="REFUSED"}')).toBe(1);
  });

  test('on a chat that has moved is a conflict, and nothing is done', async () => {
    const server = await start();
    const owner = owned();
    const id = await insertChat(database.pool, { status: 'running', ...owner });
    const seen = expectOf(await rowOf(id));
    const offer = (await offersOn(server, id))?.find(({ action }) => action === 'RELEASE_CHAT');
    const other = await take(server, 'releaseChat', id, { expect: { ...seen, workerId: randomUUID() } });
    await database.pool.query('UPDATE chats SET title = title, snapshot_version = snapshot_version + 1');
    const moved = await take(server, 'releaseChat', id, { expect: seen });
    const offered = await take(server, 'releaseChat', id, { expect: null, token: offer?.token });
    for (const { outcome, record } of [other, moved, offered]) {
      expect([outcome, record.why, record.versionAfter]).toEqual([
        'CONFLICT',
        'The chat has changed since it was looked at. Look again.',
        null,
      ]);
    }
    expect(await rowOf(id)).toMatchObject({ workerId: owner.worker_id, snapshotVersion: seen.snapshotVersion + 1 });
  });

  test('in a dry run takes the whole way and leaves only its record', async () => {
    const server = await start();
    const id = await insertChat(database.pool, { status: 'error' });
    await queueMessages(database.pool, id, 2);
    const before = await rowOf(id);
    const key = randomUUID();
    const dry = await take(server, 'deleteQueuedMessages', id, { dry: true, key });
    expect(dry).toMatchObject({
      outcome: 'DONE',
      record: { dryRun: true, before: 'E1', after: 'E0', resolved: 'UNKNOWN', outcome: 'DONE' },
    });
    expect(await rowOf(id)).toEqual(before);
    expect((await eventsOf(database.pool, id)).some(({ transitions }) => transitions.includes('deleteQueued'))).toBe(
      false,
    );
    const real = await take(server, 'deleteQueuedMessages', id, { key });
    expect(real).toMatchObject({ outcome: 'DONE', record: { dryRun: false, after: 'E0' } });
    expect((await rowOf(id)).queueDepth).toBe(0);
  });

  test('with the same key again gives the stored result, and with other input a conflict', async () => {
    const server = await start();
    const id = await insertChat(database.pool, { status: 'running', ...owned() });
    const [key, seen] = [randomUUID(), expectOf(await rowOf(id))];
    const all = await Promise.all(
      Array.from({ length: 8 }, () => take(server, 'interruptChat', id, { key, expect: seen })),
    );
    expect(new Set(all.map(({ record }) => record.id)).size).toBe(1);
    expect(all.map(({ outcome }) => outcome)).toEqual(all.map(() => 'DONE'));
    expect((await rowOf(id)).snapshotVersion).toBe(seen.snapshotVersion + 1);
    const other = await take(server, 'interruptChat', id, { key, expect: seen, reason: 'another reason' });
    expect([other.outcome, other.record.id]).toEqual(['CONFLICT', all[0]?.record.id]);
    const mine = await askOperator(server, `{ actionRecord(idempotencyKey: "${key}") { id outcome } }`);
    expect(mine.data).toEqual({ actionRecord: { id: all[0]?.record.id, outcome: 'DONE' } });
    const caller = { ...OPERATOR, sub: 'another' };
    const theirs = await askOperator(server, `{ actionRecord(idempotencyKey: "${key}") { id } }`, { caller });
    expect(theirs.data).toEqual({ actionRecord: null });
    const another = await take(server, 'interruptChat', id, { key }, caller);
    expect([another.errors, another.outcome]).toEqual([undefined, 'NO_CHANGE']);
  });

  test('is for callers with its role, and three are for the owner of the chat, too', async () => {
    const server = await start();
    const ownerId = randomUUID();
    const id = await insertChat(database.pool, { status: 'error', owner_id: ownerId });
    const [owner, reader] = [
      { sub: ownerId, roles: [] },
      { sub: 'a-reader', roles: [READ_ALL] },
    ];
    const only = { sub: 'x', roles: [READ_ALL, `${OPERATE}:deleteQueuedMessages`] };
    const blind = { sub: randomUUID(), roles: [OPERATE] };
    const code = async (name: string, caller: typeof reader) =>
      (await take(server, name, id, {}, caller)).errors?.[0]?.extensions.code;
    const seen = await rowOf(id);
    for (const name of ['releaseChat', 'deleteQueuedMessages', 'reconcileChat']) {
      expect([name, await code(name, owner)]).toEqual([name, 'FORBIDDEN']);
    }
    for (const name of ['releaseChat', 'retryChat', 'interruptChat', 'cancelPendingAction']) {
      expect([name, await code(name, reader)]).toEqual([name, 'FORBIDDEN']);
      expect([name, await code(name, blind)]).toEqual([name, 'NOT_FOUND']);
      expect([name, await code(name, { sub: randomUUID(), roles: [] })]).toEqual([name, 'NOT_FOUND']);
    }
    expect(await code('deleteQueuedMessages', only)).toBeUndefined();
    expect(await code('releaseChat', only)).toBe('FORBIDDEN');
    expect(await rowOf(id)).toEqual(seen);
    expect((await take(server, 'retryChat', id, {}, owner)).outcome).toBe('DONE');
    expect((await eventsOf(database.pool, id)).at(-1)).toMatchObject({ by: 'p', actorId: ownerId });
    const offers = await offersOn(server, id, owner);
    expect(offers?.filter(({ token }) => token).map(({ action }) => action)).toEqual(['INTERRUPT_CHAT']);
    expect(offers?.find(({ action }) => action === 'RELEASE_CHAT')?.whyNot).toMatch(/chat-debug:operate/);
    expect(await offersOn(server, id, blind)).toBeNull();
  });

  test('on a chat that may not be read is not found, also while another session holds the chat', async () => {
    const server = await start({ databaseTimeoutMs: 1_000 });
    const id = await insertChat(database.pool, { status: 'running', ...owned() });
    const taken = await whileHeld(database.pool, [id], () =>
      take(server, 'interruptChat', id, {}, { sub: randomUUID(), roles: [] }),
    );
    expect(taken.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  });

  test('on a chat whose version is at the end of its column is done and recorded', async () => {
    const server = await start();
    const id = await insertChat(database.pool, { status: 'error', snapshot_version: '9223372036854775807' });
    const offer = (await offersOn(server, id))?.find(({ action }) => action === 'RETRY_CHAT');
    const { outcome, record } = await take(server, 'retryChat', id, { expect: null, token: offer?.token });
    expect([outcome, record]).toMatchObject(['DONE', { before: 'E0', after: 'R0' }]);
  });

  test('needs one of expectation and token, a readable reason, and codes of findings', async () => {
    const server = await start();
    const id = await insertChat(database.pool, { status: 'running', ...owned() });
    const offer = (await offersOn(server, id))?.find(({ action }) => action === 'RELEASE_CHAT');
    for (const changes of [
      { expect: null },
      { token: offer?.token },
      { expect: { workerId: null } },
      { reason: 'four' },
      { reason: '   why   ' },
      { reason: 'x'.repeat(501) },
      { reason: 'two\nlines of it' },
      { reason: 'turned \u202e around' },
      { reason: 'null \u0000 inside' },
      { findings: ['no code'] },
      { findings: Array.from({ length: 21 }, (_, i) => `CODE_${'X'.repeat(i)}`) },
    ]) {
      const { errors } = await take(server, 'releaseChat', id, changes);
      expect([changes, errors?.[0]?.extensions.code]).toEqual([changes, 'BAD_USER_INPUT']);
    }
    expect((await rowOf(id)).workerId).not.toBeNull();
    const { record } = await take(server, 'releaseChat', id, {
      ...{ findings: ['OWNER_STOPPED', 'OWNER_STOPPED'], reason: `<script>alert('${'𝄞'.repeat(400)}')</script>` },
    });
    expect(record).toMatchObject({ findings: ['OWNER_STOPPED'], outcome: 'DONE' });
  });
});

const upper = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

describe('a replica', () => {
  const onReplica = async (
    server: { url: string },
    name: string,
    id: string,
    changes: object = {},
    caller = OPERATOR,
  ) => {
    const variables = { id, reason: 'for a test', key: randomUUID(), expect: { workerId: id }, ...changes };
    const { data, errors } = await askOperator(server, mutation(name), { variables, caller });
    return { errors, ...(data?.[name] as unknown as { outcome: string; snapshot: null; record: { why: string } }) };
  };

  test('is told to drain, and to take chats again', async () => {
    const server = await start();
    const id = await insertReplica(database.pool);
    const drains = async () => (await database.pool.query('SELECT replica_id, by, reason FROM chat_debug_drains')).rows;
    expect((await onReplica(server, 'drainReplica', id, { dry: true })).outcome).toBe('DONE');
    expect(await drains()).toEqual([]);
    expect(await onReplica(server, 'drainReplica', id)).toMatchObject({ outcome: 'DONE', snapshot: null });
    expect(await drains()).toEqual([{ replica_id: id, by: 'an-operator', reason: 'for a test' }]);
    expect((await onReplica(server, 'drainReplica', id)).outcome).toBe('NO_CHANGE');
    expect((await onReplica(server, 'undrainReplica', id)).outcome).toBe('DONE');
    expect((await onReplica(server, 'undrainReplica', id)).outcome).toBe('NO_CHANGE');
    expect(await drains()).toEqual([]);
  });

  test('that is unknown is not found, and only who may see replicas can drain one', async () => {
    const server = await start();
    const id = await insertReplica(database.pool);
    const code = ({ errors }: Awaited<ReturnType<typeof onReplica>>) => errors?.[0]?.extensions.code;
    expect(code(await onReplica(server, 'drainReplica', randomUUID()))).toBe('NOT_FOUND');
    expect(code(await onReplica(server, 'drainReplica', id, {}, { sub: 'x', roles: [OPERATE] }))).toBe('FORBIDDEN');
    expect(code(await onReplica(server, 'drainReplica', id, {}, { sub: 'x', roles: [READ_ALL] }))).toBe('FORBIDDEN');
    expect(code(await onReplica(server, 'drainReplica', id, { expect: { workerId: randomUUID() } }))).toBe(
      'BAD_USER_INPUT',
    );
    await database.pool.query('UPDATE replicas SET stopped_at = now()');
    const refused = await onReplica(server, 'drainReplica', id);
    expect([refused.outcome, refused.record.why]).toEqual(['REFUSED', 'The replica has stopped: it takes no chats.']);
  });
});

test('the records are listed for auditors alone, newest first, page by page', async () => {
  const server = await start();
  const id = await insertChat(database.pool, { status: 'error' });
  for (const name of ['interruptChat', 'reconcileChat', 'retryChat']) await take(server, name, id);
  const LIST = `query ($filter: ActionFilter, $first: Int, $after: String) { actionRecords(filter: $filter, first: $first, after: $after) {
    edges { node { action outcome } } pageInfo { hasNextPage endCursor } } }`;
  const auditor = { sub: 'an-auditor', roles: ['chat-debug:audit'] };
  const refused = await askOperator(server, LIST);
  expect([refused.data, refused.errors?.[0]?.extensions.code]).toEqual([{ actionRecords: null }, 'FORBIDDEN']);
  const page = async (variables: object) =>
    (await askOperator(server, LIST, { variables, caller: auditor })).data?.actionRecords as unknown as {
      edges: { node: { action: string } }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
    };
  const first = await page({ filter: { chatId: id }, first: 2 });
  expect(first.edges.map(({ node }) => node.action)).toEqual(['RETRY_CHAT', 'RECONCILE_CHAT']);
  const rest = await page({ filter: { chatId: id }, first: 2, after: first.pageInfo.endCursor });
  expect([rest.edges.map(({ node }) => node.action), rest.pageInfo.hasNextPage]).toEqual([['INTERRUPT_CHAT'], false]);
  const refusals = await page({
    filter: { chatId: id, outcome: ['REFUSED'], action: ['RECONCILE_CHAT'], dryRun: false },
  });
  expect(refusals.edges).toHaveLength(1);
  for (const filter of [{ actor: 'a\0' }, { action: ['a\0'] }, { outcome: ['a\0'] }]) {
    expect([filter, (await page({ filter })).edges]).toEqual([filter, []]);
  }
  const ofYear0 = Buffer.from(JSON.stringify(['action', '0000-01-01T00:00:00.000000Z', id])).toString('base64url');
  for (const after of ['x', ofYear0]) {
    const { errors } = await askOperator(server, LIST, { variables: { after }, caller: auditor });
    expect([after, errors?.[0]?.extensions.code]).toEqual([after, 'BAD_USER_INPUT']);
  }
});

test('the operator refuses a database that is not ours, and says what it found', async () => {
  const foreign = await createDatabase('template0');
  try {
    await foreign.pool.query('CREATE TABLE chats (id uuid)');
    await expect(start({ databaseUrl: foreign.url })).rejects.toThrow(/not this project's own/);
  } finally {
    await foreign.drop();
  }
});
