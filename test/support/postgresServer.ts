/** An embedded Postgres held by the process that `npm start` uses, so that it ends with the tests however they end. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { applyMigrations } from '../../prisma/migrations.ts';
import type { ReadyMessage } from '../../server/lifecycle.ts';

export interface PostgresServer {
  /** Of the database `postgres`; beside it stands a migrated `template_chats`. */
  readonly url: string;
  stop(): Promise<void>;
}

const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** @param packageName the npm package of a server of another version */
export async function startPostgresServer(packageName?: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-test-'));
  const keeper = fork(new URL('../../dist/postgres.js', import.meta.url));
  const place = { folder: join(folder, 'postgres'), port: await freePort(systemClock), password: 'test' };
  keeper.send({ ...place, settings: SETTINGS, ...(packageName && { packageName }) });
  const [{ ready }] = (await Promise.race([once(keeper, 'message'), failed(keeper)])) as [ReadyMessage];
  await makeTemplate(ready.url);
  return {
    url: ready.url,
    stop: async () => {
      await stop(keeper);
      rmSync(folder, { recursive: true });
    },
  };
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
