import { describe, expect, test } from '@jest/globals';
import type { ReplicaRow } from '../../routing/directory.ts';
import { deadUrl, sendJson } from '../gateway/httpServers.ts';
import { A, B, C, chatId, routersPerTest, statuses } from '../gateway/routers.ts';
import { until } from '../support/until.ts';

const { servers, asker, router, answering } = routersPerTest();

/** A replica that refuses everything, since it is another one. */
const refusing = (localWorkerId = C) =>
  servers.serve((response) => {
    const fields = { localWorkerId, workerIdMatchesLocal: false };
    const extensions = { code: 'REPLICA_REFUSED', localWorkerId, fields };
    sendJson(response, 421, { errors: [{ message: 'This is another.', extensions }] });
  });

/** Reads owners from a list by chat, and notes what was asked for. */
function ownersOf(byChat: Record<number, string | null | undefined>) {
  const readings: number[][] = [];
  const byId = new Map(Object.entries(byChat).map(([n, owner]) => [chatId(Number(n)), owner]));
  return {
    readings,
    owners: {
      read: async (representations: readonly Readonly<Record<string, unknown>>[]) => {
        readings.push(representations.map((one) => Number(String(one.chatId).slice(-12))));
        return representations.map((one) => byId.get(String(one.chatId)));
      },
    },
  };
}

const chatsAsked = ({ received }: { received: { body: { variables: Record<string, unknown> } }[] }) =>
  received.map(({ body }) => body.variables.representations);

/** The replica table of A, which has moved when it is read a second time. */
function movesOnceRead(old: { url: string }, fresh: { url: string }) {
  let relayAddress = old.url;
  return async () => {
    const rows = [{ id: A, relayAddress, stoppedAt: null }];
    relayAddress = fresh.url;
    return rows;
  };
}

describe('a replica that refuses', () => {
  test('at a new address by now is asked there, once, and no owner is read', async () => {
    const [old, fresh] = [await refusing(), await answering()];
    const load = movesOnceRead(old, fresh);
    const { owners, readings } = ownersOf({ 1: B });
    const { entities, errors, asked } = await asker({ load, owners })([
      [1, A],
      [2, A],
    ]);
    expect([statuses(entities), errors, readings]).toEqual([['OK', 'OK'], [], []]);
    expect(entities[0]).toMatchObject({ localWorkerId: A, workerIdMatchesLocal: true });
    expect([old.received.length, fresh.received.length]).toEqual([1, 1]);
    expect(asked.map(({ status, address }) => [status, address])).toEqual([
      ['REFUSED', old.url],
      ['OK', fresh.url],
    ]);
  });

  test('at a new address where it refuses too, is not asked a third time', async () => {
    const [old, fresh] = [await refusing(), await refusing()];
    const load = movesOnceRead(old, fresh);
    const { owners, readings } = ownersOf({ 1: B });
    const { entities } = await asker({ load, owners })([[1, A]]);
    expect(statuses(entities)).toEqual(['REFUSED']);
    expect([old.received.length, fresh.received.length, readings]).toEqual([1, 1, []]);
  });

  test('is followed to the new owner of each chat, and the move is visible', async () => {
    const [old, b, c] = [await refusing(), await answering(), await answering()];
    const rows = { [A]: { relayAddress: old.url }, [B]: { relayAddress: b.url }, [C]: { relayAddress: c.url } };
    const { owners, readings } = ownersOf({ 1: B, 2: A, 3: C, 4: null, 5: undefined, 6: B });
    const { entities, errors } = await asker({ rows, owners })([
      [1, A],
      [2, A],
      [3, A],
      [4, A],
      [5, A],
      [6, A],
      [1, A],
    ]);
    expect(statuses(entities)).toEqual(['OK', 'REFUSED', 'OK', 'REFUSED', 'REFUSED', 'OK', 'OK']);
    expect(readings).toEqual([[1, 2, 3, 4, 5, 6]]);
    expect(entities[0]).toMatchObject({
      reachability: {
        address: b.url,
        reason: expect.stringContaining(`Replica ${B}, to which it has moved, answered.`),
      },
      ...{ localWorkerId: B, workerIdMatchesLocal: false, runners: [{ runnerId: chatId(1) }] },
    });
    expect(entities[2]).toMatchObject({ localWorkerId: C, workerIdMatchesLocal: false });
    expect(entities[6]).toEqual(entities[0]);
    expect(chatsAsked(b)).toEqual([[1, 6].map((n) => ({ __typename: 'ChatRuntime', chatId: chatId(n), workerId: B }))]);
    expect(errors.map(({ path, code, chatIds }) => [path?.[1], code, chatIds])).toEqual(
      [2, 4, 5].map((n) => [n - 1, 'REPLICA_REFUSED', [chatId(n)]]),
    );
  });

  test('keeps its own outcome when the new owner cannot be asked, and says so; there is no second hop', async () => {
    const [old, next] = [await refusing(), await refusing(A)];
    for (const [relayAddress, word] of [
      [await deadUrl(), 'Nothing listens'],
      [next.url, 'Another replica answers'],
    ] as const) {
      const { owners, readings } = ownersOf({ 1: B });
      const rows = { [A]: { relayAddress: old.url }, [B]: { relayAddress } };
      const { entities, errors } = await asker({ rows, owners })([[1, A]]);
      expect(entities[0]).toMatchObject({ localWorkerId: C, workerIdMatchesLocal: false, runners: null });
      expect(entities[0]?.reachability).toMatchObject({ status: 'REFUSED', address: old.url });
      expect(entities[0]?.reachability.reason).toContain(`Replica ${B}, to which it has moved, could not be asked`);
      expect(entities[0]?.reachability.reason).toContain(word);
      expect(entities[0]?.reachability.reason).not.toMatch(/127\.0\.0\.1/);
      expect(errors.map(({ code, workerId }) => [code, workerId])).toEqual([['REPLICA_REFUSED', A]]);
      expect(readings).toEqual([[1]]);
    }
    expect(next.received).toHaveLength(1);
  });

  test('is not followed when the list asks several replicas about the chat: each speaks for itself', async () => {
    const [old, b] = [await refusing(), await answering()];
    const rows = { [A]: { relayAddress: old.url }, [B]: { relayAddress: b.url } };
    const { owners, readings } = ownersOf({ 1: B, 2: B });
    const { entities } = await asker({ rows, owners })([
      [1, A],
      [1, B],
      [2, A],
    ]);
    expect(statuses(entities)).toEqual(['REFUSED', 'OK', 'OK']);
    expect(readings).toEqual([[2]]);
    expect(entities[2]).toMatchObject({ localWorkerId: B, workerIdMatchesLocal: false });
  });
});

test('the owners of what several replicas refused are read together, as far as they are known together', async () => {
  const ids = Array.from({ length: 20 }, (_, n) => `aaaaaaaa-0000-4000-8000-${String(100 + n).padStart(12, '0')}`);
  const [old, b] = [await refusing(), await answering()];
  const rows = Object.fromEntries(ids.map((id) => [id, { relayAddress: old.url }]));
  const readings: number[] = [];
  const read = async (representations: readonly unknown[]) => {
    readings.push(representations.length);
    await until('every chat is refused by its old owner', () => old.received.length === ids.length); // all of them have refused before the first reading ends
    return representations.map(() => B);
  };
  const ask = asker({ rows: { ...rows, [B]: { relayAddress: b.url } }, owners: { read } });
  const { entities } = await ask(ids.map((id, n) => [n, id]));
  expect(new Set(statuses(entities))).toEqual(new Set(['OK']));
  expect(readings.reduce((sum, count) => sum + count, 0)).toBe(20);
  expect(readings.length).toBeLessThan(10);
});

describe('a replica that was not asked, since the table says', () => {
  const stoppedAt = '2026-11-22T10:00:00.000Z';
  const gone: [string, (relayAddress: string) => Record<string, Partial<ReplicaRow>>][] = [
    ['STOPPED', (relayAddress) => ({ [A]: { relayAddress, stoppedAt } })],
    ['UNKNOWN_REPLICA', () => ({})],
  ];
  test.each(gone)('%s, may have handed its chats over since they were read', async (status, rowsOf) => {
    const [a, b] = [await answering(), await answering()];
    const { owners } = ownersOf({ 1: B, 2: A });
    const { entities } = await asker({ rows: { ...rowsOf(a.url), [B]: { relayAddress: b.url } }, owners })([
      [1, A],
      [2, A],
    ]);
    expect(statuses(entities)).toEqual(['OK', status]);
    expect(entities[0]).toMatchObject({ localWorkerId: B, workerIdMatchesLocal: false });
    expect(a.received).toEqual([]);
  });
});

test('one that does not answer keeps its chats: nothing says that they have moved', async () => {
  const { owners, readings } = ownersOf({ 1: B });
  const rows = { [A]: { relayAddress: await deadUrl() }, [B]: { relayAddress: (await answering()).url } };
  expect(statuses((await asker({ rows, owners })([[1, A]])).entities)).toEqual(['UNREACHABLE']);
  expect(readings).toEqual([]);
});

test('an answer that says that another replica gave it is followed, chat by chat, and errors stay on their chats', async () => {
  const b = await answering();
  const a = await servers.serve((response, { body }) => {
    const chats = body.variables.representations as { chatId: string }[];
    const _entities = chats.map((_, j) => ({
      ...{ reachability: { status: 'OK' }, runners: null },
      ...{ localWorkerId: j === 0 ? C : A, workerIdMatchesLocal: j !== 0 },
    }));
    const errors = chats.map((_, j) => ({ message: 'own', path: ['_entities', j, 'runners'] }));
    sendJson(response, 200, { data: { _entities }, errors });
  });
  const rows = { [A]: { relayAddress: a.url }, [B]: { relayAddress: b.url } };
  const { owners, readings } = ownersOf({ 1: B, 2: B, 3: B });
  const { entities, errors } = await asker({ rows, owners })([
    [1, A],
    [2, A],
    [3, A],
  ]);
  expect(readings).toEqual([[1]]);
  expect(entities.map(({ localWorkerId, runners }) => [localWorkerId, runners])).toEqual([
    [B, [{ runnerId: chatId(1) }]],
    [A, null],
    [A, null],
  ]);
  expect(errors.map(({ path, chatIds }) => [path, chatIds])).toEqual([
    [['_entities', 1, 'runners'], [chatId(2)]],
    [['_entities', 2, 'runners'], [chatId(3)]],
  ]);
});

test('a reading of owners that hangs ends with the deadline, and costs no other chat', async () => {
  const old = await refusing();
  const rows = { [A]: { relayAddress: old.url }, [B]: { relayAddress: (await answering()).url } };
  const read = (representations: readonly unknown[], _caller: unknown, signal: AbortSignal) =>
    new Promise<undefined[]>((resolve) => {
      signal.addEventListener('abort', () => resolve(representations.map(() => undefined)));
    });
  const { route, newContext } = router({ rows, owners: { read }, timeoutMs: 5_000 });
  const representations = [
    { __typename: 'ChatRuntime', chatId: chatId(1), workerId: A },
    { __typename: 'ChatRuntime', chatId: chatId(2), workerId: B },
  ];
  const query =
    'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime { reachability { status } } } }';
  const { data } = await route({ query, variables: { representations } }, newContext());
  expect(data?._entities.map(({ reachability }) => reachability)).toEqual([{ status: 'REFUSED' }, { status: 'OK' }]);
});
