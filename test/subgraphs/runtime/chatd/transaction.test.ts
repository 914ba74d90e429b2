import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../../../common/clock.ts';
import { openWorkerPool } from '../../../../subgraphs/runtime/chatd/pool.ts';
import { inTransaction } from '../../../../subgraphs/runtime/chatd/transaction.ts';
import { databasePerFile } from '../../../support/database.ts';
import { startPostgresProxy } from '../../../support/postgresProxy.ts';

const database = databasePerFile();

test('a transaction on a connection of which nothing comes back waits for that once, and the connection is not kept', async () => {
  const proxy = await startPostgresProxy(database.url);
  const log = pino({ level: 'silent' });
  // The driver gives an answer up two seconds after the limit of the statement.
  const pool = openWorkerPool({ workerId: randomUUID(), databaseUrl: proxy.url, max: 1, statementLimitMs: 100, log });
  const beganMs = systemClock.monotonicMs();
  const work = inTransaction(pool, async (tx) => {
    proxy.freeze({ newOnes: false });
    await tx.query('SELECT 1');
  });
  await expect(work).rejects.toThrow('Query read timeout');
  expect(systemClock.monotonicMs() - beganMs).toBeLessThan(3_500);
  expect((await pool.query('SELECT 1')).rowCount).toBe(1);
  await pool.end();
  await proxy.close();
});
