/** A Postgres of the bench's own, with the settings that `npm start` gives it: what is committed is on disk. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { applyMigrations } from '../../prisma/migrations.ts';
import type { ReadyMessage } from '../../server/lifecycle.ts';

/** A migrated database. */
export interface BenchDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
}

/**
 * Runs `work` with a database of its own, then removes every trace of it.
 * @param settings more server settings
 */
export async function withDatabase(
  work: (database: BenchDatabase) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-bench-'));
  const keeper = fork(new URL('../../local/postgres/postgresMain.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
  });
  try {
    const port = await freePort(systemClock);
    keeper.send({ folder: join(folder, 'postgres'), port, password: 'bench', settings });
    const [{ ready }] = (await Promise.race([once(keeper, 'message'), failed(keeper)])) as [ReadyMessage];
    const pool = new pg.Pool({ connectionString: ready.url });
    try {
      const client = await pool.connect();
      await applyMigrations(client);
      await describeMachine(client);
      client.release();
      await work({ url: ready.url, pool });
    } finally {
      await pool.end();
    }
  } finally {
    await stop(keeper);
    rmSync(folder, { recursive: true });
  }
}

/** What the figures below it were measured on. */
async function describeMachine(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  const [cpu] = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  console.log(
    `${cpus().length} cores (${cpu?.model}), ${memoryGiB} GiB, Node ${process.version}, Postgres ${rows[0]?.version}`,
  );
}

async function failed(keeper: ChildProcess): Promise<never> {
  const [code] = await once(keeper, 'exit');
  throw new Error(`Postgres did not start: its process ended with ${code}`);
}

async function stop(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return;
  const exit = once(keeper, 'exit');
  keeper.kill('SIGTERM');
  await exit;
}
