// A process of graphile-worker with the adapter, as a team would have it; with `unseen`, without it, as before its rollout.
// Jobs end when a line comes on standard input.
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { run } from 'graphile-worker';
import pg from 'pg';
import { chatDebug } from '../../dist/sdk/worker.js';
import { showJobs } from '../../examples/graphile-worker/adapter.mjs';

const [connectionString, internalSecret, unseen] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString });
const events = new EventEmitter();
events.setMaxListeners(0);
const released = new EventEmitter();
released.setMaxListeners(0);
const debug = chatDebug({ internalSecret, capacity: 60 });
if (!unseen) await showJobs({ events, pool, debug, beatMs: 300, promise: (task) => (task === 'stalls' ? 1 : 3_600) });
createInterface(process.stdin).on('line', () => released.emit('now'));
const runner = await run({
  ...{ connectionString, concurrency: 60, events, noHandleSignals: true, pollInterval: 200 },
  logger: undefined,
  taskList: {
    holds: () => once(released, 'now'),
    stalls: () => new Promise(() => {}),
    fails: () => Promise.reject(new Error('what a person wrote')),
  },
});
console.log('ready');
await runner.promise;
