/** Trouble of replicas, and not of a chat: they are full, share an address, or are not woken. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { insertReplica } from '../subgraphs/database/support/rows.ts';
import { databasePerFile } from '../support/database.ts';
import { serverProcessesPerTest } from '../support/serverProcess.ts';
import { hardTimes } from './fleet/hardTimes.ts';
import { lostOwners } from './fleet/lostOwners.ts';
import { startDeployment } from './support/deployment.ts';
import { wordsOf } from './support/diagnosed.ts';
import { eventually } from './support/eventually.ts';

jest.setTimeout(120_000);

const database = databasePerFile();
const startProcess = serverProcessesPerTest();
afterEach(() => database.pool.query('TRUNCATE chats, replicas CASCADE'));

/** Longer than any test waits for a chat: nothing but a notification brings a worker to look. */
const NEVER_SECONDS = '600';

interface OwnersOfReplicas {
  readonly replicas: { readonly runtime: { readonly runnersByOwner: { ownerId: string }[] } }[];
}

test('18: a chat that waits because one person fills every replica says how many are full, and the graph says whose chats fill them', async () => {
  const { field, startReplica } = await startDeployment(startProcess, database, { MAX_RUNNERS: '1' });
  await Promise.all([startReplica(), startReplica(), startReplica()]);
  const greedy = randomUUID();
  const filling = await Promise.all([1, 2, 3].map(() => field.create('/stall', { ownerId: greedy })));
  for (const id of filling)
    await eventually(
      'it has an owner',
      () => field.column(id, 'worker_id'),
      (worker) => worker !== null,
    );
  const id = await field.create('hello');
  const seen = await field.found(id, 'CAPACITY_WAIT');
  expect(seen).toMatchObject({ executionState: 'R0', verdict: 'WAITING', severities: { CAPACITY_WAIT: 'INFO' } });
  expect(seen.severities).not.toHaveProperty('NO_OWNER');
  expect(wordsOf(seen, 'CAPACITY_WAIT')).toContain('3 of 3 replicas are full');
  const byOwner = 'runtime { runnersByOwner(first: 10) { ownerId } }';
  const { data } = await field.ask<OwnersOfReplicas>(`{ replicas(alive: true) { ${byOwner} } }`);
  expect(data?.replicas).toEqual(Array(3).fill({ runtime: { runnersByOwner: [{ ownerId: greedy }] } }));
  expect((await field.chatDebug('why', id)).code).toBe(0);

  await field.store.apply(filling[0] ?? '', { name: 'interrupt' });
  const end = await field.diagnosed(
    id,
    'it is answered once there is room',
    ({ executionState }) => executionState === 'W',
  );
  expect(end.verdict).toBe('IDLE');
});

test('23: of two replicas with one relay address, the chats of the one that is not there are said to be hidden by it', async () => {
  const { field, startReplica } = await startDeployment(startProcess, database, { MAX_RUNNERS: '1' });
  const port = await freePort(systemClock);
  const RELAY_ADDRESS = `http://127.0.0.1:${port}`;
  await startReplica({ RUNTIME_PORT: String(port), RELAY_ADDRESS });
  const first = await field.create('/stall');
  await eventually(
    'the first replica takes it',
    () => field.column(first, 'worker_id'),
    (worker) => worker !== null,
  );
  await startReplica({ RELAY_ADDRESS });
  const second = await field.create('/stall');
  await eventually(
    'the second replica takes it',
    () => field.column(second, 'worker_id'),
    (worker) => worker !== null,
  );

  expect((await field.diagnose(first)).verdict).toBe('WORKING');
  const seen = await field.found(second, 'OWNER_UNREACHABLE');
  expect(seen).toMatchObject({ verdict: 'UNKNOWN', severities: { OWNER_UNREACHABLE: 'WARNING' } });
  expect(wordsOf(seen, 'OWNER_UNREACHABLE')).toContain('RELAY_ADDRESS');
  expect(wordsOf(seen, 'OWNER_UNREACHABLE')).not.toContain('lease has run out');
  expect((await field.chatDebug('why', second)).code).toBe(2);
});

test('20: `send` wakes a worker, though the chat names an owner that has stopped', async () => {
  const { field, startReplica } = await startDeployment(startProcess, database, {
    ACQUISITION_INTERVAL_SECONDS: NEVER_SECONDS,
  });
  await startReplica();
  const id = await field.createAtRest();
  const stopped = await insertReplica(field.pool, { stopped_at: 'now()' });
  await field.pool.query('UPDATE chats SET worker_id = $2, runner_id = gen_random_uuid() WHERE id = $1', [id, stopped]);
  await field.send(id, 'and again');
  const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W', 10_000);
  expect(end.verdict).toBe('IDLE');
});

lostOwners(() => database, startProcess);
hardTimes(() => database, startProcess);
