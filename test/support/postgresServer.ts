/** An embedded Postgres held by the process that `npm start` uses, so that it ends with its user, however that ends. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { type PostgresOptions, postgresUrl } from '../../local/postgres/embeddedPostgres.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { startChild } from './childProcess.ts';

export interface PostgresServer {
  /** URL of the database `postgres`. */
  readonly url: string;
  /** Whether it can be asked, as far as is known here. */
  readonly isUp: boolean;
  /** `fast`: sessions are ended, nothing is lost. `immediate`: as in a crash. It comes back on the same port. */
  restart(mode: 'fast' | 'immediate'): Promise<void>;
  stop(): Promise<void>;
}

/** @param parent folder for its data and log; unset: one that goes with it. Needs what `npm run build` makes. */
export async function startPostgresServer(
  options: Pick<PostgresOptions, 'settings' | 'packageName'>,
  parent?: string,
): Promise<PostgresServer> {
  const home = parent ?? mkdtempSync(join(tmpdir(), 'chat-debug-postgres-'));
  const message = {
    ...{ folder: join(home, 'postgres'), port: await freePort(systemClock), password: 'test' },
    ...options,
  };
  const script = new URL('../../dist/postgres.js', import.meta.url);
  const start = () => startChild({ name: 'postgres', script, environment: environmentWith({}), message });
  let keeper = start();
  let state: 'starting' | 'up' | 'stopped' = 'starting';
  const isReady = async () => {
    await keeper.ready;
    state = 'up';
  };
  await isReady();
  return {
    url: postgresUrl(message),
    get isUp() {
      return state === 'up';
    },
    restart: async (mode) => {
      state = 'starting';
      const [pid] = readFileSync(join(message.folder, 'postmaster.pid'), 'utf8').split('\n');
      process.kill(Number(pid), mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await keeper.ended;
      if (state !== 'starting') return; // it was stopped meanwhile
      keeper = start();
      await isReady();
    },
    stop: async () => {
      state = 'stopped';
      await keeper.end('SIGTERM');
      if (!parent) rmSync(home, { recursive: true });
    },
  };
}
