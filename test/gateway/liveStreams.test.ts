/** Streams whose clients read slowly or not at all, and streams over a new supergraph. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { liveClientsPerTest } from '../support/liveClient.ts';
import { serverProcessesPerTest } from '../support/serverProcess.ts';
import { until } from '../support/until.ts';
import { fleetPerFile } from './fleet.ts';
import { AUTH_SECRET, callerToken, INTERNAL_SECRET } from './gateways.ts';

jest.setTimeout(180_000);

const NEVER_READ = 2_000;
/** Clients among them whose answers are larger than what the system holds for them. */
const GREEDY = 20;
const MEMORY_LIMIT_BYTES = 300_000_000;

const fleet = fleetPerFile();
const { database } = fleet;
const open = liveClientsPerTest();
const startProcess = serverProcessesPerTest();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A client that sends its question, several times over one connection if told so, and then reads nothing. */
async function openWithoutReading(url: string, token: string, query: string, times = 1): Promise<Socket> {
  const body = JSON.stringify({ query });
  const head = [
    'POST /graphql HTTP/1.1',
    ...['Host: a', `Authorization: Bearer ${token}`, 'Accept: text/event-stream', 'Content-Type: application/json'],
    `Content-Length: ${body.length}`,
  ];
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) }).on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  socket.pause();
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`.repeat(times));
  return socket;
}

const metricsOf = async ({ url }: { url: string }) => (await fetch(`${url}/metrics`)).text();
const metricIn = (text: string, name: string): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(name) && /[ {]/.test(line[name.length] ?? ''))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);

test('2,000 clients that never read: memory is bounded, the greedy are cut off, and one that reads is told in time', async () => {
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO chats (owner_id, title) SELECT gen_random_uuid(), repeat('x', 3000) FROM generate_series(1, 100) RETURNING id`,
  );
  const subgraph = await fleet.startDatabase();
  const gateway = await startProcess('dist/gateway.js', {
    ...{ PORT: '0', DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql`, DATABASE_TIMEOUT_MS: '20000' },
    ...{ AUTH_SECRET, INTERNAL_SECRET, RATE_LIMIT_PER_MINUTE: '0' },
    ...{ STREAMS_MAX: '3000', STREAMS_PER_CALLER: '3000' },
  });
  const token = await callerToken();
  const list = (first: number) =>
    `subscription { chats(first: ${first}, everyMs: 250) { edges { node { database { title snapshotVersion } } } } }`;
  const chat = 'subscription ($id: UUID!) { chatDebugSnapshot(chatId: $id, everyMs: 250) { database { title } } }';
  const id = rows[0]?.id;
  const reader = await open(gateway, chat, { variables: { id } });
  for (let i = 0; i < NEVER_READ; i += 1) await openWithoutReading(gateway.url, token, list(5));
  for (let i = 0; i < GREEDY; i += 1) await openWithoutReading(gateway.url, token, list(100));
  const all = NEVER_READ + GREEDY + 1;
  await until('all streams are open', async () => metricIn(await metricsOf(gateway), 'chat_debug_streams') === all);

  let highest = 0;
  const look = async () => {
    const text = await metricsOf(gateway);
    highest = Math.max(highest, metricIn(text, 'process_resident_memory_bytes'));
    return text;
  };
  for (let change = 1; change <= 30; change += 1) {
    await database.pool.query('UPDATE chats SET snapshot_version = snapshot_version + 1');
    await database.pool.query('UPDATE chats SET title = $2 WHERE id = $1', [id, `change ${change}`]);
    await reader.result(`change ${change} is told`, ({ data }) => JSON.stringify(data).includes(`change ${change}"`));
    await look();
  }
  await until(
    'those that would be sent much are cut off',
    async () => metricIn(await look(), 'chat_debug_stream_ends_total{code="SLOW_READER"}') >= GREEDY,
  );
  expect(highest).toBeLessThan(MEMORY_LIMIT_BYTES);
  expect(reader.hasEnded()).toBe(false);
});

test('streams that wait behind another on one connection end with it', async () => {
  const gateway = await fleet.gateway();
  const list = 'subscription { chats(first: 1) { edges { node { chatId } } } }';
  const socket = await openWithoutReading(gateway.url, await callerToken(), list, 4);
  const areOpen = async () => metricIn(await metricsOf(gateway), 'chat_debug_streams');
  await until('all of them are open', async () => (await areOpen()) === 4);
  socket.destroy();
  await until('all of them have ended', async () => (await areOpen()) === 0);
  expect(metricIn(await metricsOf(gateway), 'chat_debug_stream_loops')).toBe(0);
});

const SUPERGRAPH = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');

test('over a new supergraph a stream goes on, and one that is no longer valid is ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'supergraph-'));
  try {
    const path = join(folder, 'supergraph.graphql');
    writeFileSync(path, SUPERGRAPH);
    const gateway = await fleet.gateway({ supergraphPath: path });
    const { id } = await fleet.addReplica();
    const watch = (field: string) =>
      open(gateway, `subscription { replicas(everyMs: 250) { id runtime { ${field} } } }`);
    const [kept, lost] = [await watch('capacity'), await watch('residentBytes')];
    await until('both have an answer', () => kept.results.length > 0 && lost.results.length > 0);
    writeFileSync(join(folder, 'new'), SUPERGRAPH.replace('residentBytes:', 'memoryBytes:'));
    renameSync(join(folder, 'new'), path);
    expect(await lost.endCode()).toBe('SCHEMA_CHANGED');
    expect(lost.results.at(-1)?.errors?.[0]?.extensions.retryAfterMs).toBeUndefined();
    expect(kept.hasEnded()).toBe(false);
    await database.pool.query('DELETE FROM replicas WHERE id = $1', [id]);
    await kept.result('what has changed after it', ({ data }) => JSON.stringify(data) === '{"replicas":[]}');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
