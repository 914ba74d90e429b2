/** Live views that the database wakes, in front of a real database subgraph that listens. */
import { randomUUID } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { signInternalToken } from '../../server/tokens/internalToken.ts';
import { databasePerFile } from '../support/database.ts';
import { liveClientsPerTest } from '../support/liveClient.ts';
import { startPostgresProxy } from '../support/postgresProxy.ts';
import { until } from '../support/until.ts';
import { describeOnce } from './databaseWays.ts';
import { gatewaysPerTest, INTERNAL_SECRET } from './gateways.ts';
import { runtimesPerTest } from './runtimes.ts';

jest.setTimeout(120_000);

const database = databasePerFile();
const { startDatabase, insertChat } = runtimesPerTest(database);
const startGateway = gatewaysPerTest();
const open = liveClientsPerTest();

interface Seen {
  chatDebugSnapshot: { database: { title: string } } | null;
}
/** Looks by itself once a minute: what comes sooner was woken. */
const CHAT = `subscription ($id: UUID!) { chatDebugSnapshot(chatId: $id, everyMs: 60000) { database { title } } }`;
const LIST = 'subscription { chats(everyMs: 60000) { edges { node { database { title } } } } }';
const titleIs = (title: string) => (result: { data?: Seen | null }) =>
  result.data?.chatDebugSnapshot?.database.title === title;

/** Changes a chat, and tells of it in the same transaction, as workers do. */
const change = (id: string, title: string) =>
  database.pool.query(
    `WITH changed AS (UPDATE chats SET title = $2, snapshot_version = snapshot_version + 1 WHERE id = $1 RETURNING *)
     SELECT pg_notify('chat_update', json_build_object('chat_id', id, 'snapshot_version', snapshot_version)::text) FROM changed`,
    [id, title],
  );
const metricsOf = async ({ url }: { url: string }) => (await fetch(`${url}/metrics`)).text();
const isWoken = async (gateway: { url: string }, is: 0 | 1) =>
  until(`the gateway is ${is === 1 ? '' : 'not '}told of changes`, async () =>
    (await metricsOf(gateway)).split('\n').includes(`chat_debug_stream_wake_ups_connected ${is}`),
  );
const readyz = async ({ url }: { url: string }) => (await fetch(`${url}/readyz`)).text();

describe('with DATABASE_LISTEN_URL', () => {
  test('a change of the chat is told at once, one of another chat only to lists', async () => {
    const gateway = await startGateway(await startDatabase({ listenUrl: database.url }));
    const [id, other] = [await insertChat(null), await insertChat(null)];
    const client = await open<Seen>(gateway, CHAT, { variables: { id } });
    const list = await open(gateway, LIST);
    await isWoken(gateway, 1);
    await change(id, 'one');
    await client.result('the first change', titleIs('one'));
    await list.result('the first change', ({ data }) => JSON.stringify(data).includes('"one"'));
    const before = client.results.length;
    await change(other, 'two');
    await list.result('the change of the other chat', ({ data }) => JSON.stringify(data).includes('"two"'));
    await change(id, 'three');
    await client.result('the last change', titleIs('three'));
    expect(client.results.length).toBe(before + 1);
    expect(await metricsOf(gateway)).toMatch(/^chat_debug_stream_looks_total\{why="woken"\} [1-9]/m);
    expect(await readyz(gateway)).toBe('ok');
  });

  test('the last of many changes is always told', async () => {
    const gateway = await startGateway(await startDatabase({ listenUrl: database.url }));
    const id = await insertChat(null);
    const client = await open<Seen>(gateway, CHAT, { variables: { id } });
    await isWoken(gateway, 1);
    for (let i = 1; i <= 200; i += 1) await change(id, `change ${i}`);
    await client.result('the last change', titleIs('change 200'));
    expect(client.results.length).toBeLessThan(200);
  });

  test('nobody listens while nobody watches', async () => {
    const gateway = await startGateway(await startDatabase({ listenUrl: database.url }));
    const listeners = async () => {
      const { rows } = await database.pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE application_name = 'chat-debug notifications' AND datname = current_database()`,
      );
      return rows.length;
    };
    expect(await listeners()).toBe(0);
    const client = await open(gateway, CHAT, { variables: { id: randomUUID() } });
    await isWoken(gateway, 1);
    expect(await listeners()).toBe(1);
    client.close();
    await until('nobody listens', async () => (await listeners()) === 0);
  });

  test('a lost connection is told, and what was missed is looked at when it is back', async () => {
    const proxy = await startPostgresProxy(database.url);
    try {
      const gateway = await startGateway(await startDatabase({ listenUrl: proxy.url }));
      const id = await insertChat(null);
      const client = await open<Seen>(gateway, CHAT, { variables: { id } });
      await isWoken(gateway, 1);
      proxy.freeze();
      proxy.cut();
      await isWoken(gateway, 0);
      expect(await readyz(gateway)).toContain('by time alone: the listening connection is lost');
      await change(id, 'missed');
      proxy.thaw();
      await isWoken(gateway, 1);
      await client.result('what was missed', titleIs('missed'));
    } finally {
      await proxy.close();
    }
  });
});

describe('without it', () => {
  test('time alone makes a live view look, and readiness says so while somebody watches', async () => {
    const gateway = await startGateway(await startDatabase());
    expect(await readyz(gateway)).toBe('ok');
    const id = await insertChat(null);
    const client = await open<Seen>(gateway, CHAT.replace('60000', '250'), { variables: { id } });
    await client.result('the chat', ({ data }) => data?.chatDebugSnapshot !== null);
    await until('readiness says so', async () => (await readyz(gateway)).includes('DATABASE_LISTEN_URL is not set'));
    await change(id, 'one');
    await client.result('the change', titleIs('one'));
  });
});

describeOnce('over HTTP', () => {
  test('a subgraph that restarts is followed again', async () => {
    const first = await startDatabase({ listenUrl: database.url });
    const port = Number(new URL(first.url).port);
    const gateway = await startGateway(first);
    const id = await insertChat(null);
    const client = await open<Seen>(gateway, CHAT, { variables: { id } });
    await isWoken(gateway, 1);
    await first.stop();
    await isWoken(gateway, 0);
    await database.pool.query(`UPDATE chats SET title = 'meanwhile' WHERE id = $1`, [id]);
    await startDatabase({ listenUrl: database.url, port });
    await isWoken(gateway, 1);
    await client.result('what has changed meanwhile', titleIs('meanwhile'));
    expect(client.hasEnded()).toBe(false);
  });

  test('changes are told to those who may read every chat, and to nobody else', async () => {
    const { url } = await startDatabase({ listenUrl: database.url });
    const ask = async (roles: string[]) => {
      const token = await signInternalToken(INTERNAL_SECRET, 'database', { sub: 'a', roles });
      const ending = new AbortController();
      const { status } = await fetch(`${url}/changes`, {
        headers: { authorization: `Bearer ${token}` },
        signal: ending.signal,
      });
      ending.abort();
      return status;
    };
    expect(await ask([])).toBe(403);
    expect(await ask(['chat-debug:read-all'])).toBe(200);
    expect((await fetch(`${url}/changes`)).status).toBe(401);
  });
});
