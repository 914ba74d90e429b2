/** A Postgres of the bench's own, with the settings that `npm start` gives it: what is committed is on disk. */
import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { applyMigrations } from '../../prisma/migrations.ts';
import { startPostgresServer } from '../../test/support/postgresServer.ts';

/** A migrated database. */
export interface BenchDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
}

/**
 * Builds the processes, runs `work` with a database of its own, then removes every trace of that.
 * @param settings more server settings
 */
export async function withDatabase(
  work: (database: BenchDatabase) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url))]);
  const { url, stop } = await startPostgresServer({ settings });
  const pool = new pg.Pool({ connectionString: url });
  try {
    const client = await pool.connect();
    await applyMigrations(client);
    await describeMachine(client);
    client.release();
    await work({ url, pool });
  } finally {
    await pool.end();
    await stop();
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
