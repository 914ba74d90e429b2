/**
 * Findings on an owner that is cut off from the database and still answers.
 * A proxy freezes or cuts its connections, so that it hears nothing of what happens to the rows.
 */
import { randomUUID } from 'node:crypto';
import { test } from '@jest/globals';
import { whileHeld } from '../support/locks.ts';
import { until } from '../support/until.ts';
import { diagnosesOf } from './support/diagnosed.ts';
import { diagnosedSystemPerFile, messageOf } from './support/system.ts';

const settings = {
  ...{ staleAfterSeconds: 90, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 0.3 },
  noProgressSeconds: 120,
};
const PICK_UP_SECONDS = settings.acquisitionIntervalSeconds + 2;
const SETTLED_SECONDS = 2;
const system = diagnosedSystemPerFile(settings);
const { create, finds, edit, apply } = system;

/** Work that a frozen owner must have done before, so that all of it can be seen at once. */
const started = (chat: string, workerId: string) =>
  system.until(chat, (row) => row.workerId === workerId && row.generationAttempt > 0);

const sessionsThat = async (are: string): Promise<number> => {
  const { rows } = await system.database.pool.query<{ sessions: number }>(
    `SELECT count(*)::int AS sessions FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'chatd %' AND ${are}`,
  );
  return rows[0]?.sessions ?? 0;
};

test('a frozen owner does not see that a message came, that its runner was replaced or its lease deleted, and misses its times', async () => {
  const actionTimeoutSeconds = 15;
  const proxy = await system.startProxy();
  const { workerId } = await system.startReplica({ databaseUrl: proxy.url, actionTimeoutSeconds });
  const [behind, mismatched, leaseless] = await Promise.all([create('/stall'), create('/stall'), create('/stall')]);
  await Promise.all([behind, mismatched, leaseless].map((chat) => started(chat, workerId)));
  const [failing, waiting] = await Promise.all([create('/fail'), create('/tool ask')]);
  await system.until(waiting, ({ status }) => status === 'requires_action');
  await until('the chat is found to be in RETRY_BACKOFF, with nothing behind', async () => {
    const { rows } = await edit(failing, `SELECT (retry_state ->> 'attempt')::int >= 2 AS is FROM chats WHERE id = $1`);
    if (!rows[0]?.is) return false;
    return whileHeld(system.database.pool, [failing], async () => {
      const [diagnosis] = await diagnosesOf(system.gateway(), [failing]);
      // The owner knows of it, too, and of no more: it is not to be behind.
      if (diagnosis?.consistency !== 'EXACT') return false;
      if (!diagnosis.findings.some(({ code }) => code === 'RETRY_BACKOFF')) return false;
      proxy.freeze();
      return true;
    });
  });
  // A renewal that was on its way would bring the lease back.
  await until('no session of the replica is active', async () => (await sessionsThat(`state = 'active'`)) === 0);
  await until(
    'no lease is written any more',
    async () => (await edit(leaseless, 'DELETE FROM chat_heartbeats WHERE chat_id = $1')).rowCount === 0,
  );

  const runner = randomUUID();
  await Promise.all([
    apply(behind, { name: 'send', message: messageOf('are you there?') }),
    edit(mismatched, 'UPDATE chats SET runner_id = $2 WHERE id = $1', runner),
    edit(mismatched, 'INSERT INTO chat_heartbeats VALUES ($1, $2, now())', runner),
  ]);
  await Promise.all([
    finds(behind, 'RUNNER_BEHIND', 'CRITICAL', { within: 2 * settings.heartbeatIntervalSeconds, shown: true }),
    finds(mismatched, 'RUNNER_MISMATCH', 'CRITICAL', { within: SETTLED_SECONDS, shown: true }),
    finds(leaseless, 'HEARTBEAT_MISSING', 'CRITICAL', { within: 0 }),
    finds(failing, 'RETRY_OVERDUE', 'CRITICAL', { within: 1.2 * 8 + 5, shown: true }),
    finds(waiting, 'ACTION_DEADLINE_PASSED', 'CRITICAL', { within: actionTimeoutSeconds + PICK_UP_SECONDS }),
  ]);
});

test('a chat that was taken from a frozen owner has a runner there still', async () => {
  const proxy = await system.startProxy();
  const frozen = await system.startReplica({ databaseUrl: proxy.url });
  const chat = await create('/stall');
  await started(chat, frozen.workerId);
  proxy.freeze();
  const next = await system.startReplica();
  await apply(chat, { name: 'abandon' });
  await started(chat, next.workerId);
  await finds(chat, 'RUNNER_ELSEWHERE', 'CRITICAL', { within: SETTLED_SECONDS, everywhere: true, shown: true });
});

test('an owner whose renewals fail endangers its leases', async () => {
  const proxy = await system.startProxy();
  const { workerId } = await system.startReplica({ databaseUrl: proxy.url });
  const chat = await create('/stall');
  await started(chat, workerId);
  await proxy.close();
  await finds(chat, 'LEASE_ENDANGERED', 'WARNING', { within: 3 * settings.heartbeatIntervalSeconds });
});

test('an owner that stays frozen gives up by itself: what was waiting has no runner, and a write that had been sent is whole', async () => {
  const staleAfterSeconds = 5;
  const proxy = await system.startProxy();
  const { workerId } = await system.startReplica({ databaseUrl: proxy.url, staleAfterSeconds });
  const waiting = await create('/stall');
  await started(waiting, workerId);
  const writing = await create('/slow 3');
  await started(writing, workerId);
  await whileHeld(system.database.pool, [writing], async () => {
    await until(
      'a session of the replica waits for a lock',
      async () => (await sessionsThat(`wait_event_type = 'Lock'`)) > 0,
    );
    proxy.freeze();
  });
  await until('the statement that was sent has ended the turn', async () => {
    const { rows } = await system.database.pool.query('SELECT status, worker_id FROM chats WHERE id = $1', [writing]);
    return rows[0]?.status === 'waiting' && rows[0]?.worker_id === null;
  });
  await finds(waiting, 'RUNNER_MISSING', 'CRITICAL', { within: staleAfterSeconds, shown: true });
});

test('an owner that is frozen before it writes holds on to a runner whose lease is stale', async () => {
  const staleAfterSeconds = 5;
  const proxy = await system.startProxy();
  const { workerId } = await system.startReplica({ databaseUrl: proxy.url, staleAfterSeconds });
  const writing = await create('/slow 2');
  await started(writing, workerId);
  await until('the owner has heard of its attempt', async () => {
    const [diagnosis] = await diagnosesOf(system.gateway(), [writing]);
    return diagnosis?.consistency === 'EXACT';
  });
  proxy.freeze();
  await finds(writing, 'HEARTBEAT_STALE', 'CRITICAL', { within: staleAfterSeconds });
});
