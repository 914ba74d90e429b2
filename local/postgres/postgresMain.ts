/**
 * The process that keeps the embedded Postgres. Its options are the first message from the parent.
 * It ends when told to, or when its parent is gone, also during the start, and takes the server with it. The server
 * itself would not notice.
 */
import { once } from 'node:events';
import { systemClock } from '../../common/clock.ts';
import { announceReady, failToStart, stopOnSignal } from '../../server/lifecycle.ts';
import { makeLogger } from '../../server/log.ts';
import { type EmbeddedPostgres, type PostgresOptions, startPostgres } from './embeddedPostgres.ts';

const log = makeLogger('postgres', 'warn');
const stopping = new AbortController();
let start: Promise<EmbeddedPostgres> | undefined;

const stop = async () => {
  stopping.abort();
  const postgres = await start?.catch(() => undefined); // a start that was cut short left nothing behind
  await postgres?.stop();
};
stopOnSignal({ stop }, log);

const [options] = (await once(process, 'message')) as [PostgresOptions];
try {
  start = startPostgres(options, systemClock, stopping.signal);
  const postgres = await start;
  announceReady({ url: postgres.url });
  await postgres.exited;
  if (!stopping.signal.aborted) throw new Error(`The server ended by itself; its log is ${options.folder}.log`);
} catch (error) {
  if (!stopping.signal.aborted) failToStart(error, log);
}
