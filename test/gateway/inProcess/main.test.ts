/** The gateway with its own database subgraph as a process, and the settings that it needs. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { insertChat, insertReplica } from '../../subgraphs/database/support/rows.ts';
import { runScript } from '../../support/command.ts';
import { databasePerFile } from '../../support/database.ts';
import { serverProcessesPerTest } from '../../support/serverProcess.ts';
import { AUTH_SECRET, askGateway, INTERNAL_SECRET } from '../gateways.ts';

const database = databasePerFile();
const startProcess = serverProcessesPerTest();
const SECRETS = { AUTH_SECRET, INTERNAL_SECRET };
const HERE = { ...SECRETS, PORT: '0', DATABASE_SUBGRAPH_URL: 'in-process' };

test('answers from the database, asks the replicas that stand there, and ends in order', async () => {
  const workerId = await insertReplica(database.pool);
  const id = await insertChat(database.pool, { worker_id: workerId });
  const gateway = await startProcess('dist/gateway.js', { ...HERE, DATABASE_URL: database.url });
  const query = `{ chatDebugSnapshot(chatId: "${id}") { chatId takenAt executionState runtime { workerId reachability { status } } } }`;
  const { body } = await askGateway(gateway, query);
  expect(body.data).toEqual({
    chatDebugSnapshot: {
      ...{ chatId: id, takenAt: expect.stringMatching(/^20.*Z$/), executionState: 'W' },
      runtime: { workerId, reachability: { status: 'UNREACHABLE' } },
    },
  });
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
  gateway.kill('SIGINT');
  expect(await gateway.ended).toBe(0);
});

describe('settings', () => {
  test.each<[string, string, Record<string, string>, string]>([
    ['without a database', 'gateway', HERE, 'DATABASE_URL: is not set. With DATABASE_SUBGRAPH_URL=in-process'],
    [
      'with another database',
      'gateway',
      { ...HERE, DATABASE_URL: 'mysql://x' },
      'DATABASE_URL: must start with postgres://',
    ],
    [
      'with neither a URL nor in-process',
      'gateway',
      { ...SECRETS, DATABASE_SUBGRAPH_URL: 'inprocess' },
      'DATABASE_SUBGRAPH_URL: must be an http or https URL, or in-process. Received "inprocess".',
    ],
    ['a router, which runs none', 'router', HERE, 'DATABASE_SUBGRAPH_URL: must be an http or https URL here'],
  ])('%s: a clear error, said once', async (_, script, environment, message) => {
    const { code, stderr } = await runScript(`dist/${script}.js`, [], environment);
    expect(code).toBe(1);
    expect(stderr.split('\n').filter((line) => /^ {2}DATABASE/.test(line))).toEqual([expect.stringContaining(message)]);
  });
});

test('a gateway that asks over HTTP loads nothing of the database subgraph', () => {
  const textOf = (file: string) => readFileSync(new URL(`../../../dist/${file}`, import.meta.url), 'utf8');
  const loaded = new Set<string>();
  const load = (file: string) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const [, next = ''] of textOf(file).matchAll(/^(?:im|ex)port\b[^;]*?["']\.\/([\w.-]+)["']/gm)) load(next);
  };
  const OWN = 'chat-debug-database';
  load('gateway.js');
  expect(loaded.size).toBeGreaterThan(5);
  expect([...loaded].filter((file) => textOf(file).includes(OWN))).toEqual([]);
  load('database.js');
  expect([...loaded].some((file) => textOf(file).includes(OWN))).toBe(true);
});
