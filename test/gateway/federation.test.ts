import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { startPostgresProxy } from '../support/postgresProxy.ts';
import { until } from '../support/until.ts';
import { describeOnce, startDatabase } from './databaseWays.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken, type GraphqlError } from './gateways.ts';
import { deadUrl, type TestServer } from './httpServers.ts';
import { shared } from './runtimes.ts';

const { database, servers, startGateway, gateway, insertReplica, addReplica, insertChat } = fleetPerFile();

interface Runtime {
  workerId: string;
  reachability: { status: string; reason: string | null; address: string | null };
  localWorkerId: string | null;
  workerIdMatchesLocal: boolean | null;
  runners: { runnerId: string }[] | null;
}
interface Snapshot {
  chatId: string;
  database: { workerId: string | null };
  runtime: Runtime | null;
  everywhere: Runtime[] | null;
}

const RUNTIME =
  'workerId reachability { status reason address } localWorkerId workerIdMatchesLocal runners { runnerId }';
const LIST = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) {
  chatId database { workerId status messageStats { total } } runtime { ${RUNTIME} } } }`;

const shortened = (errors: GraphqlError[] = []) =>
  errors.map(({ path, extensions: { code, workerId, chatIds } }) => [path?.join('.'), code, workerId, chatIds]);

const representationsOf = ({ received }: TestServer) =>
  received.map(({ body }) => (body.variables.representations as { chatId: string }[]).map(({ chatId }) => chatId));

describeOnce('a list of chats', () => {
  test('each error is on its own chat, with null and unowned chats between them, and nobody else loses anything', async () => {
    const [a, b] = [await addReplica(), await addReplica()];
    const hung = await insertReplica((await servers.hang()).url);
    const dead = await insertReplica(await deadUrl());
    const stopped = await insertReplica(a.door.url, { stopped: true });
    const unknown = randomUUID();
    const owners = [null, hung, a.id, null, dead, 'no chat', b.id, stopped, null, unknown, hung, 'no chat', a.id, dead];
    const ids = await Promise.all(owners.map((owner) => (owner === 'no chat' ? randomUUID() : insertChat(owner))));
    const gone = [4, 12]; // answered twice, at the end of the list
    const asked = [...ids, ...gone.map((i) => ids[i])];
    const begunMs = systemClock.monotonicMs();

    const front = await gateway({ replicas: { timeoutMs: 5_000 } });
    const { status, body } = await askGateway<{ chatDebugSnapshots: (Snapshot | null)[] }>(front, LIST, {
      variables: { ids: asked },
    });

    expect(status).toBe(200);
    expect(systemClock.monotonicMs() - begunMs).toBeLessThan(17_500);
    const snapshots = body.data?.chatDebugSnapshots ?? [];
    const ownerAt = (i: number) => owners[i < ids.length ? i : (gone[i - ids.length] ?? 0)] ?? null;
    const expected: Record<string, string> = {
      [a.id]: 'OK',
      [b.id]: 'OK',
      [hung]: 'TIMED_OUT',
      [dead]: 'UNREACHABLE',
      [stopped]: 'STOPPED',
      [unknown]: 'UNKNOWN_REPLICA',
    };
    const seen = snapshots.map((snapshot) => snapshot && (snapshot.runtime?.reachability.status ?? 'unowned'));
    const wanted = asked.map((_, i) => {
      const owner = ownerAt(i);
      return owner === 'no chat' ? null : owner === null ? 'unowned' : expected[owner];
    });
    expect(seen).toEqual(wanted);
    for (const [i, snapshot] of snapshots.entries()) {
      if (!snapshot) continue;
      expect([snapshot.chatId, snapshot.database.workerId]).toEqual([asked[i], ownerAt(i)]);
      expect(snapshot.database).toMatchObject({ status: 'waiting', messageStats: { total: 0 } });
      if (!snapshot.runtime) continue;
      const ok = snapshot.runtime.reachability.status === 'OK';
      expect(snapshot.runtime.workerId).toBe(ownerAt(i));
      expect(snapshot.runtime.runners).toEqual(ok ? [{ runnerId: asked[i] }] : null);
      expect(snapshot.runtime.workerIdMatchesLocal).toBe(ok ? true : null);
    }
    const codes: Record<string, string> = {
      TIMED_OUT: 'REPLICA_TIMED_OUT',
      UNREACHABLE: 'REPLICA_UNREACHABLE',
      STOPPED: 'REPLICA_UNREACHABLE',
      UNKNOWN_REPLICA: 'REPLICA_UNKNOWN',
    };
    const lost = asked.flatMap((id, i) => {
      const code = codes[wanted[i] ?? ''];
      return code ? [[`chatDebugSnapshots.${i}.runtime.localWorkerId`, code, ownerAt(i), [id]]] : [];
    });
    expect(shortened(body.errors)).toEqual(lost);
    for (const error of body.errors ?? [])
      expect(Object.keys(error.extensions)).toEqual(['code', 'workerId', 'chatIds']);
  });

  test('one request to a replica carries all its chats, also those that are asked for twice', async () => {
    const [a, b] = [await addReplica(), await addReplica()];
    const owners = [a.id, b.id, a.id, null, a.id, b.id];
    const ids = await Promise.all(owners.map((owner) => insertChat(owner)));
    const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(await gateway(), LIST, {
      variables: { ids: [...ids, ids[0]] },
    });
    expect(body.errors).toBeUndefined();
    expect(representationsOf(a.door)).toEqual([[ids[0], ids[2], ids[4]]]);
    expect(representationsOf(b.door)).toEqual([[ids[1], ids[5]]]);
    const snapshots = body.data?.chatDebugSnapshots;
    expect(snapshots?.[6]).toEqual(snapshots?.[0]);
  });

  test('unowned chats cost no call, and neither does selecting no runtime field', async () => {
    const { id, door } = await addReplica();
    const [owned, unowned] = [await insertChat(id), await insertChat(null)];
    const front = await gateway();
    const alone = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(front, LIST, { variables: { ids: [unowned] } });
    expect(alone.body.data?.chatDebugSnapshots[0]?.runtime).toBeNull();
    for (const selection of ['chatId takenAt', 'runtime { workerId }', 'everywhere { chatId }']) {
      const query = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${selection} } }`;
      expect((await askGateway(front, query, { variables: { id: owned } })).body.errors).toBeUndefined();
    }
    expect(door.received).toEqual([]);
  });

  test('a page of chats is answered like a list', async () => {
    const a = await addReplica();
    const dead = await insertReplica(await deadUrl());
    for (const owner of [a.id, null, dead]) await insertChat(owner);
    const { body } = await askGateway<{ chats: { edges: { node: Snapshot }[] } }>(
      await gateway(),
      `{ chats { edges { node { chatId database { workerId } runtime { ${RUNTIME} } } } } }`,
    );
    const nodes = body.data?.chats.edges.map(({ node }) => node) ?? [];
    expect(nodes.map(({ runtime }) => runtime?.reachability.status)).toEqual(['UNREACHABLE', undefined, 'OK']);
    expect(shortened(body.errors)).toEqual([
      ['chats.edges.0.node.runtime.localWorkerId', 'REPLICA_UNREACHABLE', dead, [nodes[0]?.chatId]],
    ]);
  });
});

describeOnce('one chat', () => {
  const ONE = (selection: string) => `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${selection} } }`;

  test('an id in upper case is the same chat', async () => {
    const { id } = await addReplica();
    const chat = await insertChat(id);
    const { body } = await askGateway<{ chatDebugSnapshot: Snapshot }>(
      await gateway(),
      ONE(`chatId runtime { ${RUNTIME} }`),
      {
        variables: { id: chat.toUpperCase() },
      },
    );
    expect(body.data?.chatDebugSnapshot).toMatchObject({ chatId: chat, runtime: { runners: [{ runnerId: chat }] } });
  });

  test('who selects only reachability gets no error', async () => {
    const chat = await insertChat(await insertReplica(await deadUrl()));
    const { body } = await askGateway(await gateway(), ONE('runtime { reachability { status } }'), {
      variables: { id: chat },
    });
    expect(body).toEqual({ data: { chatDebugSnapshot: { runtime: { reachability: { status: 'UNREACHABLE' } } } } });
  });

  test('the error stands on the first lost field that was selected, under its alias', async () => {
    const chat = await insertChat(await insertReplica(await deadUrl()));
    const { body } = await askGateway(
      await gateway(),
      ONE('mine: runtime { how: reachability { s: status } held: runners { runnerId } eventLoopDelayMs }'),
      { variables: { id: chat } },
    );
    expect(body.data).toEqual({
      chatDebugSnapshot: { mine: { how: { s: 'UNREACHABLE' }, held: null, eventLoopDelayMs: null } },
    });
    expect(body.errors?.map(({ path }) => path)).toEqual([['chatDebugSnapshot', 'mine', 'held']]);
  });

  test('the same field under several aliases, in fragments and under conditions, is answered under each', async () => {
    const { id } = await addReplica();
    const chat = await insertChat(id);
    const { body } = await askGateway(
      await gateway(),
      `query ($id: UUID!, $yes: Boolean!, $no: Boolean = false) {
        one: chatDebugSnapshot(chatId: $id) { a: runtime { ...R x: reachability { s: status } } b: runtime { runners { phase } } }
        two: chatDebugSnapshot(chatId: $id) { a: runtime { ...R } }
      }
      fragment R on ChatRuntime {
        __typename who: workerId r1: runners { runnerId } r2: runners { n: runnerId phase }
        gone: observedAt @include(if: $no) kept: localWorkerId @include(if: $yes)
        ... on ChatRuntime @skip(if: $yes) { eventLoopDelayMs }
      }`,
      { variables: { id: chat, yes: true } },
    );
    const a = {
      ...{ __typename: 'ChatRuntime', who: id, r1: [{ runnerId: chat }] },
      ...{ r2: [{ n: chat, phase: 'RUNNING' }], kept: id },
    };
    expect(body).toEqual({
      data: {
        one: { a: { ...a, x: { s: 'OK' } }, b: { runners: [{ phase: 'RUNNING' }] } },
        two: { a },
      },
    });
  });

  test('at a reused address another replica refuses: REFUSED, and its id is told', async () => {
    const other = await addReplica();
    const former = await insertReplica(other.door.url);
    const chat = await insertChat(former);
    const { body } = await askGateway<{ chatDebugSnapshot: Snapshot }>(await gateway(), ONE(`runtime { ${RUNTIME} }`), {
      variables: { id: chat },
    });
    expect(body.data?.chatDebugSnapshot.runtime).toMatchObject({
      ...{ workerId: former, localWorkerId: other.id, workerIdMatchesLocal: false, runners: null },
      reachability: { status: 'REFUSED', reason: expect.stringContaining(other.id) },
    });
    expect(shortened(body.errors)).toEqual([['chatDebugSnapshot.runtime.runners', 'REPLICA_REFUSED', former, [chat]]]);
  });

  test('everywhere asks all of them, and says who did not answer', async () => {
    const [a, b] = [await addReplica(), await addReplica()];
    const dead = await insertReplica(await deadUrl());
    const owner = await insertReplica(a.door.url, { stopped: true });
    await insertReplica(a.door.url, { stopped: true }); // neither running nor the owner
    const chat = await insertChat(owner);
    const { body } = await askGateway<{ chatDebugSnapshot: Snapshot }>(
      await gateway(),
      ONE(`everywhere { ${RUNTIME} }`),
      {
        variables: { id: chat },
      },
    );
    const statuses: Record<string, string> = { [a.id]: 'OK', [b.id]: 'OK', [dead]: 'UNREACHABLE', [owner]: 'STOPPED' };
    const order = Object.keys(statuses).sort();
    const everywhere = body.data?.chatDebugSnapshot.everywhere ?? [];
    expect(everywhere.map(({ workerId, reachability }) => [workerId, reachability.status])).toEqual(
      order.map((id) => [id, statuses[id]]),
    );
    for (const { reachability, runners } of everywhere) {
      expect(runners).toEqual(reachability.status === 'OK' ? [{ runnerId: chat }] : null);
    }
    expect(shortened(body.errors)).toEqual(
      order.flatMap((id, i) =>
        statuses[id] === 'OK'
          ? []
          : [[`chatDebugSnapshot.everywhere.${i}.localWorkerId`, 'REPLICA_UNREACHABLE', id, [chat]]],
      ),
    );
  });

  test('without the role a caller reads its own chat, sees no address, and may not ask everywhere', async () => {
    const { id } = await addReplica();
    const me = randomUUID();
    const [mine, other] = [await insertChat(id, me), await insertChat(id)];
    const token = await callerToken({ sub: me });
    const front = await gateway();
    const query = ONE(`chatId runtime { ${RUNTIME} } everywhere { workerId }`);
    const { body } = await askGateway<{ chatDebugSnapshot: Snapshot }>(front, query, {
      variables: { id: mine },
      token,
    });
    expect(body.data?.chatDebugSnapshot).toMatchObject({
      runtime: { reachability: { status: 'OK', address: null }, runners: [{ runnerId: mine }] },
      everywhere: null,
    });
    expect(body.errors?.map(({ path, extensions }) => [path, extensions])).toEqual([
      [['chatDebugSnapshot', 'everywhere'], { code: 'FORBIDDEN' }],
    ]);
    const hidden = await askGateway(front, query, { variables: { id: other }, token });
    expect(hidden.body).toEqual({ data: { chatDebugSnapshot: null } });
    const absent = await askGateway(front, query, { variables: { id: randomUUID() }, token });
    expect(absent.body).toEqual(hidden.body);
  });
});

describe('replicas', () => {
  test('each shows its own memory; those that cannot be asked say why', async () => {
    const a = await addReplica();
    const dead = await insertReplica(await deadUrl());
    const stopped = await insertReplica(a.door.url, { stopped: true });
    const { body } = await askGateway<{ replicas: { id: string; runtime: { runnerCount: number | null } }[] }>(
      await gateway(),
      '{ replicas { id runtime { reachability { status } runnerCount } } }',
    );
    const replicas = body.data?.replicas ?? [];
    expect(new Map(replicas.map(({ id, runtime }) => [id, runtime]))).toEqual(
      new Map([
        [a.id, { reachability: { status: 'OK' }, runnerCount: 42 }],
        [dead, { reachability: { status: 'UNREACHABLE' }, runnerCount: null }],
        [stopped, { reachability: { status: 'STOPPED' }, runnerCount: null }],
      ]),
    );
    const lost = replicas.flatMap(({ id }, i) =>
      id === a.id ? [] : [[`replicas.${i}.runtime.runnerCount`, 'REPLICA_UNREACHABLE', id, []]],
    );
    expect(shortened(body.errors)).toEqual(lost);
  });

  test('while the database does not answer, they are answered as they were last read, and their memory as it is', async () => {
    const a = await addReplica();
    const tap = await startPostgresProxy(database.url);
    const limits = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 1_000 };
    const cut = await startDatabase({ ...shared, ...limits, databaseUrl: tap.url });
    try {
      const front = await startGateway(cut);
      const ask = () => askGateway(front, '{ replicas { id runtime { reachability { status } runnerCount } } }');
      const answer = { replicas: [{ id: a.id, runtime: { reachability: { status: 'OK' }, runnerCount: 42 } }] };
      await until('replicas are answered again', async () => (await ask()).body.data?.replicas);
      tap.freeze();
      expect((await ask()).body).toEqual({ data: answer });
    } finally {
      await cut.stop();
      await tap.close();
    }
  });

  test('replicas are known behind a thousand that started later, be they at work, dead or stopped', async () => {
    const atWork = await addReplica();
    const ids = [
      atWork.id,
      await insertReplica(await deadUrl()),
      await insertReplica(atWork.door.url, { stopped: true }),
      randomUUID(),
    ];
    await database.pool.query(
      `INSERT INTO replicas (id, hostname, relay_address, version, started_at)
       SELECT gen_random_uuid(), 'host', 'http://192.0.2.1', '0.1.0', now() + interval '1 second'
       FROM generate_series(1, 1000)`,
    );
    const front = await gateway();
    const chats = await Promise.all(ids.map((id) => insertChat(id)));
    for (const _ of ['from a first reading', 'from memory']) {
      const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(front, LIST, { variables: { ids: chats } });
      expect(body.data?.chatDebugSnapshots.map(({ runtime }) => runtime?.reachability.status)).toEqual([
        ...['OK', 'UNREACHABLE', 'STOPPED', 'UNKNOWN_REPLICA'],
      ]);
    }
  });

  test('a replica that starts after the gateway is found by its first chat', async () => {
    const front = await gateway();
    const first = await addReplica();
    const [before] = [await insertChat(first.id)];
    await askGateway(front, LIST, { variables: { ids: [before] } });
    const second = await addReplica();
    const after = await insertChat(second.id);
    const { body } = await askGateway<{ chatDebugSnapshots: Snapshot[] }>(front, LIST, {
      variables: { ids: [after, before] },
    });
    expect(body.data?.chatDebugSnapshots.map(({ runtime }) => runtime?.reachability.status)).toEqual(['OK', 'OK']);
  });
});
