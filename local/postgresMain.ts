/**
 * The process that holds the embedded Postgres: it ends when it is told to or when its parent is gone, and takes the
 * server with it. The server itself would not notice. Its options are the first message from the parent.
 */
import { once } from 'node:events';
import { systemClock } from '../common/clock.ts';
import { announceReady, failToStart, stopOnSignal } from '../common/lifecycle.ts';
import { makeLogger } from '../common/log.ts';
import { type PostgresOptions, startPostgres } from './embeddedPostgres.ts';

const log = makeLogger('postgres', 'warn');
const [options] = (await once(process, 'message')) as [PostgresOptions];
try {
  const postgres = await startPostgres(options, systemClock);
  let stopping = false;
  stopOnSignal(() => {
    stopping = true;
    return postgres.stop();
  }, log);
  announceReady({ url: postgres.url });
  await postgres.exited;
  if (!stopping) process.exit(1); // the server is gone by itself: the parent starts it again
} catch (error) {
  failToStart(error, log);
}
