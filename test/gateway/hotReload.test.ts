/** A new supergraph file, taken while requests run. */
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { SettingsError } from '../../server/settings/config.ts';
import { databasePerFile } from '../support/database.ts';
import { until } from '../support/until.ts';
import { askGateway, gatewaysPerTest } from './gateways.ts';
import { runtimesPerTest } from './runtimes.ts';

jest.setTimeout(180_000); // each new file is read and checked whole, beside requests that never pause

const database = databasePerFile();
const runtimes = runtimesPerTest(database);
const startGateway = gatewaysPerTest();

const SUPERGRAPH = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');
/** The same, with a name for it that a client can see. */
const named = (name: string) => SUPERGRAPH.replace('"""\nOne chat, seen', `"""\n${name}. One chat, seen`);

let folder = '';
const file = () => join(folder, 'supergraph.graphql');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supergraph-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const replaceByRename = (content: string) => {
  writeFileSync(join(folder, 'new'), content);
  renameSync(join(folder, 'new'), file());
};

const start = async () => startGateway(await runtimes.startDatabase(), { supergraphPath: file() });
const schemaName = async (gateway: { url: string }) => {
  const query = '{ __type(name: "ChatDebugSnapshot") { description } }';
  const { body } = await askGateway<{ __type: { description: string } }>(gateway, query);
  return body.data?.__type.description.split('.')[0];
};
const reloads = async (gateway: { url: string }, result: string) => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(new RegExp(`reloads_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
};

test('each way to replace the file is noticed, and not one of the requests meanwhile fails', async () => {
  writeFileSync(file(), named('First'));
  const gateway = await start();
  const { id } = await runtimes.addReplica();
  const chat = await runtimes.insertChat(id);
  const query = `{ chatDebugSnapshot(chatId: "${chat}") { executionState runtime { localWorkerId } } }`;
  const answers: string[] = [];
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      const { status, body } = await askGateway(gateway, query);
      answers.push(JSON.stringify([status, body]));
    }
  };
  const clients = Promise.all(Array.from({ length: 4 }, client));
  expect(await schemaName(gateway)).toBe('First');
  const ways: Record<string, () => void> = {
    Written: () => writeFileSync(file(), named('Written')),
    Renamed: () => replaceByRename(named('Renamed')),
    Linked: () => {
      writeFileSync(join(folder, 'target'), named('Linked'));
      symlinkSync('target', join(folder, 'link'));
      renameSync(join(folder, 'link'), file());
    },
    Switched: () => {
      writeFileSync(join(folder, 'other'), named('Switched'));
      symlinkSync('other', join(folder, 'link'));
      renameSync(join(folder, 'link'), file());
    },
  };
  for (const [name, replace] of Object.entries(ways)) {
    replace();
    await until('the schema of that name is served', async () => (await schemaName(gateway)) === name);
  }
  isOver = true;
  await clients;
  expect(await reloads(gateway, 'taken')).toBe(4);
  expect(answers.length).toBeGreaterThan(20);
  const good = JSON.stringify([
    200,
    { data: { chatDebugSnapshot: { executionState: 'W', runtime: { localWorkerId: id } } } },
  ]);
  expect(answers.filter((answer) => answer !== good)).toEqual([]);
});

const BAD: Record<string, string> = {
  'no GraphQL': 'this is no supergraph {',
  'cut off': SUPERGRAPH.slice(0, SUPERGRAPH.length / 2),
  empty: '',
  'a schema, but no supergraph': 'type Query { a: Int }',
  'a subgraph that this gateway does not know': SUPERGRAPH.replace('name: "database"', 'name: "databases"'),
  'a routing by a field that is not there': SUPERGRAPH.replaceAll('by: "workerId"', 'by: "replica"'),
  'no routing at all': SUPERGRAPH.replaceAll('@routed(by: "workerId", outcome: "reachability")', ''),
  'a type that is nowhere': SUPERGRAPH.replace('  executionState: ExecutionState!', '  executionState: Nowhere!'),
  'a schema without a field of an example query': SUPERGRAPH.replaceAll(
    /executionState: ExecutionState!/g,
    'other: ExecutionState!',
  ),
};

test('whatever cannot be served is refused, the old one stays, and a good one after it is taken', async () => {
  writeFileSync(file(), named('First'));
  const gateway = await start();
  let refused = 0;
  for (const [what, content] of Object.entries(BAD)) {
    expect([what, content === SUPERGRAPH]).toEqual([what, false]);
    replaceByRename(content);
    refused += 1;
    await until('the refused file is counted', async () => (await reloads(gateway, 'refused')) === refused);
    expect([what, await schemaName(gateway)]).toEqual([what, 'First']);
  }
  rmSync(file());
  replaceByRename(named('Second'));
  await until('the second schema is served', async () => (await schemaName(gateway)) === 'Second');
  expect([await reloads(gateway, 'refused'), await reloads(gateway, 'taken')]).toEqual([refused, 1]);
});

test.each(Object.entries(BAD))('and nothing starts with %s', async (_what, content) => {
  writeFileSync(file(), content);
  const started = startGateway({ url: 'http://127.0.0.1:9' }, { supergraphPath: file() });
  await expect(started).rejects.toThrow(SettingsError);
  await expect(started).rejects.toThrow('SUPERGRAPH_PATH');
});

test('a request that runs while the supergraph is replaced ends on the one that it began with', async () => {
  writeFileSync(file(), SUPERGRAPH);
  const gateway = await start();
  const held: (() => void)[] = [];
  const slow = await runtimes.servers.serve((response) => {
    const body = { data: { _entities: [{ __typename: 'ReplicaRuntime', residentBytes: 7 }] } };
    held.push(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
  });
  await runtimes.insertReplica(slow.url);
  const query = '{ replicas { runtime { residentBytes } } }';
  const running = askGateway(gateway, query);
  await until('a request is held', () => held.length > 0);
  replaceByRename(SUPERGRAPH.replace('residentBytes:', 'memoryBytes:'));
  await until('the new file is counted as taken', async () => (await reloads(gateway, 'taken')) === 1);
  expect((await askGateway(gateway, query)).status).toBe(400);
  for (const answer of held) answer();
  expect((await running).body).toEqual({ data: { replicas: [{ runtime: { residentBytes: 7 } }] } });
});
