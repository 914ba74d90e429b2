/** Hive Gateway from npm, in a folder of its own, over our supergraph; the caller's token goes through to the subgraphs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { databasePerFile } from '../support/database.ts';
import { liveClientsPerTest } from '../support/liveClient.ts';
import { until } from '../support/until.ts';
import { type CallerSystem, callerSystemPerTest } from './callerSystem.ts';
import { expectSameAnswers } from './sameAnswers.ts';

const VERSION = '2.15.1';
const RUNTIME_VERSION = '1.4.23';
const database = databasePerFile();
const startCallerSystem = callerSystemPerTest(database);
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hive-gateway-'));
  const manifest = {
    ...{
      private: true,
      type: 'module',
      dependencies: { '@graphql-hive/gateway': VERSION, '@graphql-hive/router-runtime': RUNTIME_VERSION },
    },
    overrides: { '@graphql-tools/batch-execute': '10.2.0' }, // later versions declare no Node 20
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const install = spawn('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
  expect(await once(install, 'exit')).toEqual([0, null]);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const open = liveClientsPerTest();

interface Seen {
  chatDebugSnapshot: { database: { title: string }; runtime: { reachability: { status: string } } | null } | null;
}
/** A live view through it: the subgraph tells of its own fields, and the other gateway fetches the rest for each event. */
async function expectLive({ chats }: CallerSystem, url: string): Promise<void> {
  const query = `subscription ($id: UUID!) {
    chatDebugSnapshot(chatId: $id, everyMs: 250) { database { title } runtime { reachability { status } } } }`;
  const client = await open<Seen>({ url }, query, { variables: { id: chats.streaming } });
  const first = await client.result('an answer', ({ data }) => data !== undefined);
  expect([first.errors, first.data?.chatDebugSnapshot?.runtime?.reachability.status]).toEqual([undefined, 'OK']);
  await database.pool.query(`UPDATE chats SET title = 'another' WHERE id = $1`, [chats.streaming]);
  await client.result('the other title', ({ data }) => data?.chatDebugSnapshot?.database.title === 'another');
  client.close();
}

const CONFIG = `export const gatewayConfig = {
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') ?? '' }),
  },
  transportEntries: { '*.http': { options: { subscriptions: { kind: 'http', options: { method: 'POST' } } } } },
};`;

/**
 * Hive's own planner, written for Node, gives the diagnosis no field of the runtime.
 * It does not fetch what `@requires` names below an entity of another subgraph. The diagnosis then rightly says
 * UNKNOWN.
 */
test.each([
  { planner: 'its own planner, all but the diagnosis', flags: [], withDiagnosis: false },
  { planner: 'the planner of Hive Router, all', flags: ['--hive-router-runtime'], withDiagnosis: true },
])('it gives the same data as our gateway: $planner', async ({ flags, withDiagnosis }) => {
  const system = await startCallerSystem();
  const port = await freePort(systemClock);
  writeFileSync(join(folder, 'supergraph.graphql'), system.supergraphSdl);
  writeFileSync(join(folder, 'gateway.config.js'), CONFIG);
  const hive = spawn(
    process.execPath,
    [
      'node_modules/@graphql-hive/gateway/dist/bin.js',
      'supergraph',
      ...flags,
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-c',
      'gateway.config.js',
    ],
    { cwd: folder, env: environmentWith({ NODE_OPTIONS: '' }), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [hive.stdout, hive.stderr])
    stream.on('data', (text) => {
      output += text;
    });
  try {
    const url = `http://127.0.0.1:${port}/graphql`;
    await until('the gateway is ready', async () => {
      if (hive.exitCode !== null) throw new Error(`It ended:\n${output}`);
      return fetch(`http://127.0.0.1:${port}/readiness`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    await expectSameAnswers(system, { url }, { withDiagnosis });
    await expectLive(system, `http://127.0.0.1:${port}`);
  } finally {
    hive.kill();
    if (hive.exitCode === null) await once(hive, 'exit');
  }
});
