/** Findings on a chat whose owner is gone, or is not what the row says. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { whileHeld } from '../support/locks.ts';
import { INTERNAL_SECRET } from '../support/replica.ts';
import { until } from '../support/until.ts';
import { replicaProcessesPerTest } from './support/replicaProcess.ts';
import { diagnosedSystemPerFile } from './support/system.ts';

const settings = {
  ...{ staleAfterSeconds: 6, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 3 },
  noProgressSeconds: 60,
};
const { staleAfterSeconds } = settings;
const PICK_UP_SECONDS = settings.acquisitionIntervalSeconds + 2;
/** The gateway reads the replica table again when it is older. */
const DIRECTORY_SECONDS = 2;
const system = diagnosedSystemPerFile(settings, { replicaTimeoutMs: 3_000 });
const startProcess = replicaProcessesPerTest();
const { create, finds, edit } = system;

test('no worker is running, or none has room', async () => {
  const early = await create('hello');
  await finds(early, 'NO_OWNER', 'INFO', { within: 0 });
  await finds(early, 'NO_OWNER', 'CRITICAL', { within: PICK_UP_SECONDS });
  const full = await system.startReplica({ maxRunners: 1 });
  await system.until(early, ({ status }) => status === 'waiting');
  const first = await create('/slow 60');
  await system.until(first, ({ workerId }) => workerId === full.workerId);
  const second = await create('hello');
  await finds(second, 'CAPACITY_WAIT', 'INFO', { within: PICK_UP_SECONDS });
});

test('a row that was edited into no state, and one whose owner has nothing to do with it', async () => {
  const { workerId } = await system.startReplica();
  const [archived, revived] = await Promise.all([create('/stall'), create('hello')]);
  await system.until(archived, (chat) => chat.workerId === workerId);
  await edit(archived, 'UPDATE chats SET archived = true WHERE id = $1');
  await finds(archived, 'INVALID_STATE', 'CRITICAL', { within: 0 });

  await system.until(revived, (chat) => chat.status === 'waiting' && chat.workerId === null);
  const runnerId = randomUUID();
  await edit(revived, 'INSERT INTO chat_heartbeats VALUES ($1, $2, now())', runnerId);
  await edit(
    revived,
    `UPDATE chats SET status = 'running', worker_id = $2, runner_id = $3, updated_at = now() WHERE id = $1`,
    workerId,
    runnerId,
  );
  await finds(revived, 'RUNNER_MISSING', 'CRITICAL', { within: 2 });
});

test('an owner that does not answer, one that is dead, and one that nobody has ever heard of', async () => {
  const owner = await startProcess({
    ...{ DATABASE_URL: system.database.url, INTERNAL_SECRET, MODEL: 'built-in', LOG_LEVEL: 'silent' },
    HEARTBEAT_INTERVAL_SECONDS: `${settings.heartbeatIntervalSeconds}`,
    HEARTBEAT_STALE_SECONDS: `${staleAfterSeconds}`,
    ACQUISITION_INTERVAL_SECONDS: `${settings.acquisitionIntervalSeconds}`,
  });
  const chat = await create('/stall');
  await system.until(chat, ({ workerId, generationAttempt }) => workerId === owner.id && generationAttempt === 1);
  owner.kill('SIGSTOP');
  await finds(chat, 'OWNER_UNREACHABLE', 'WARNING', { within: 0 });
  await finds(chat, 'OWNER_UNREACHABLE', 'CRITICAL', { within: staleAfterSeconds });
  owner.kill('SIGKILL');
  await finds(chat, 'OWNER_UNREACHABLE', 'CRITICAL', { within: staleAfterSeconds });
  await edit(chat, 'DELETE FROM replicas WHERE id = (SELECT worker_id FROM chats WHERE id = $1)');
  await finds(chat, 'OWNER_UNKNOWN', 'CRITICAL', { within: DIRECTORY_SECONDS, after: 'OWNER_UNREACHABLE' });
});

test('an owner that was told to stop and could not give the chat up', async () => {
  const owner = await system.startReplica();
  const chat = await create('/stall');
  await system.until(chat, ({ workerId, generationAttempt }) => workerId === owner.workerId && generationAttempt === 1);
  await whileHeld(system.database.pool, [chat], async () => {
    await owner.stop();
    await until('no session of the replica is left', async () => {
      const { rows } = await system.database.pool.query<{ ended: boolean }>(
        'SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE application_name = $1',
        [`chatd ${owner.workerId}`], // in a process of its own these would be gone with it
      );
      return rows.length === 0;
    });
  });
  const { findings } = await finds(chat, 'OWNER_STOPPED', 'CRITICAL', { within: DIRECTORY_SECONDS });
  expect(findings.map(({ code }) => code)).not.toContain('OWNER_UNREACHABLE');
});
