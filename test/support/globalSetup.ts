/**
 * One embedded Postgres for the whole run, held by the same process that `npm start` uses, so that it ends with the run
 * however the run ends; in it a migrated template, from which each test file gets a database of its own. And what `npm start`
 * runs is built, for the tests that start it.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import type { ReadyMessage } from '../../common/lifecycle.ts';
import { freePort } from '../../local/ports.ts';
import { applyMigrations } from '../../prisma/migrations.ts';

declare global {
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

export default async function globalSetup(): Promise<void> {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))]);
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-test-'));
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };
  const keeper = fork(new URL('../../local/postgresMain.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
  keeper.send({ folder: join(folder, 'postgres'), port: await freePort(systemClock), password: 'test', settings });
  globalThis.stopTestPostgres = async () => {
    await stop(keeper);
    rmSync(folder, { recursive: true });
  };
  const [{ ready }] = (await Promise.race([once(keeper, 'message'), failed(keeper)])) as [ReadyMessage];
  process.env.TEST_DATABASE_URL = ready.url;
  await makeTemplate(ready.url);
}

async function makeTemplate(url: string): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query('CREATE DATABASE template_chats');
  await admin.end();
  const template = new pg.Client(url.replace(/postgres$/, 'template_chats'));
  await template.connect();
  await applyMigrations(template);
  await template.end();
}

async function failed(keeper: ChildProcess): Promise<never> {
  const [code] = await once(keeper, 'exit');
  throw new Error(`The test database did not start: its process ended with ${code}`);
}

async function stop(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null) return;
  const exit = once(keeper, 'exit');
  keeper.kill('SIGTERM');
  await exit;
}
