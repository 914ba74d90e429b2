/** pg-boss: polls, twice a second at most, and takes a batch each time. */
import { loadPeer } from '../support/peers.ts';
import type { Source, Stop, TakeOptions, Taker } from './taker.ts';

/** Part of the package that is used. */
interface Boss {
  start(): Promise<Boss>;
  stop(options: object): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
  createQueue(name: string): Promise<void>;
  send(name: string, data: object): Promise<string>;
  insert(jobs: readonly object[], options: object): Promise<unknown>;
  work(name: string, options: object, handler: (jobs: readonly { id: string }[]) => Promise<void>): Promise<string>;
}
type BossModule = { readonly default: new (options: object) => Boss };

const QUEUE = 'bench';

async function startBoss(options: object): Promise<Boss> {
  const { default: Constructor } = await loadPeer<BossModule>('pg-boss');
  const boss = new Constructor(options);
  boss.on('error', (error) => console.error(error));
  return boss.start();
}

export const pgBoss: Taker = {
  prepare: async ({ url }): Promise<Source> => {
    const boss = await startBoss({ connectionString: url, supervise: false, schedule: false });
    await boss.createQueue(QUEUE);
    return {
      add: () => boss.send(QUEUE, {}),
      addMany: async (tx, count) => {
        const jobs = Array.from({ length: count }, () => ({ name: QUEUE }));
        await boss.insert(jobs, { db: { executeSql: (text: string, values: unknown[]) => tx.query(text, values) } });
      },
      remaining: `SELECT count(*)::int AS count FROM pgboss.job WHERE name = '${QUEUE}' AND state < 'completed'`,
      close: () => boss.stop({ graceful: false }),
    };
  },
  take: async ({ databaseUrl, concurrency, onTaken }: TakeOptions): Promise<Stop> => {
    const boss = await startBoss({ connectionString: databaseUrl });
    const options = { batchSize: concurrency, pollingIntervalSeconds: 0.5 };
    await boss.work(QUEUE, options, async (jobs) => {
      for (const job of jobs) onTaken(job.id);
    });
    return () => boss.stop({ graceful: true });
  },
};
