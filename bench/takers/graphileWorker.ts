/** graphile-worker: jobs are announced with NOTIFY, taken one by one (or several into a local queue), and deleted. */
import type { EventEmitter } from 'node:events';
import { loadPeer } from '../support/peers.ts';
import type { Source, Stop, TakeOptions, Taker } from './taker.ts';

/** Part of the package that is used. */
interface GraphileWorker {
  runMigrations(options: object): Promise<void>;
  run(options: object): Promise<{ stop(): Promise<void>; events: EventEmitter }>;
  readonly Logger: new (factory: () => () => void) => object;
}

interface Helpers {
  readonly job: { readonly id: string };
}

/** @param localQueue whether jobs are fetched many at once; off by default in the package */
export const graphileWorker = (localQueue: boolean): Taker => ({
  prepare: async ({ url, pool }): Promise<Source> => {
    const { runMigrations, Logger } = await loadPeer<GraphileWorker>('graphile-worker');
    await runMigrations({ connectionString: url, logger: new Logger(() => () => {}) });
    return {
      add: async () => {
        const { rows } = await pool.query<{ id: string }>(`SELECT id FROM graphile_worker.add_job('bench', '{}')`);
        return String(rows[0]?.id);
      },
      addMany: async (tx, count) => {
        await tx.query(`SELECT graphile_worker.add_job('bench', '{}') FROM generate_series(1, $1)`, [count]);
      },
      remaining: 'SELECT count(*)::int AS count FROM graphile_worker.jobs',
      close: async () => {},
    };
  },
  take: async ({ databaseUrl, concurrency, onTaken }: TakeOptions): Promise<Stop> => {
    const { run, Logger } = await loadPeer<GraphileWorker>('graphile-worker');
    const runner = await run({
      ...{ connectionString: databaseUrl, concurrency, noHandleSignals: true, logger: new Logger(() => () => {}) },
      taskList: { bench: async (_payload: unknown, { job }: Helpers) => onTaken(String(job.id)) },
      preset: localQueue ? { worker: { localQueue: { size: concurrency } } } : {},
    });
    return () => runner.stop();
  },
});
