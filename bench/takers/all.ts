/** Takers that bench/acquisition.ts compares, by their names in its table. */
import { settings } from '../../server/settings/settings.ts';
import { chatWorker } from './chatWorker.ts';
import { graphileWorker } from './graphileWorker.ts';
import { pgBoss } from './pgBoss.ts';
import type { Taker } from './taker.ts';

export const takers: ReadonlyMap<string, Taker> = new Map([
  ['chat worker', chatWorker()],
  ['chat worker, 2,000 runners', chatWorker(settings.MAX_RUNNERS.parse(undefined))],
  ['graphile-worker', graphileWorker(false)],
  ['graphile-worker, local queue', graphileWorker(true)],
  ['pg-boss', pgBoss],
]);
