/** Findings where the same is done again and again, or waited for in vain. */
import { test } from '@jest/globals';
import { until } from '../support/until.ts';
import { whileNoTurnMayEnd } from './support/refusing.ts';
import { diagnosedSystemPerFile } from './support/system.ts';

const settings = {
  ...{ staleAfterSeconds: 60, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 1 },
  ...{ noProgressSeconds: 20, loopSteps: 3 },
};
const PICK_UP_SECONDS = settings.acquisitionIntervalSeconds + 2;
const FOR_EVER = 1_000_000;
const SET_LEASE_BACK = `
  UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 hour' WHERE chat_id = $1 AND runner_id = $2`;
const system = diagnosedSystemPerFile(settings);
const { apply, create, finds, edit } = system;

test('a model that calls a tool for ever, and one that calls what nobody answers', async () => {
  const looping = await create('/loop current_time');
  const calling = await create('/loop ask');
  await system.startReplica({ maxSteps: FOR_EVER, actionTimeoutSeconds: 4 });
  await finds(looping, 'LOOPING', 'WARNING', { within: 4, shown: true });
  await finds(calling, 'CALL_UNANSWERED', 'WARNING', { within: 10, shown: true });
});

test('a chat that waits for a child that failed', async () => {
  const parent = await create('/tool ask');
  const child = await create('/fail');
  await edit(child, 'UPDATE chats SET parent_chat_id = $2, root_chat_id = $2 WHERE id = $1', parent);
  await system.startReplica({ maxAttempts: 1 });
  await finds(parent, 'CHILD_LOST', 'WARNING', { within: 1, shown: true });
});

test('a replica that is full, and a long answer that is being written', async () => {
  const { workerId } = await system.startReplica({ maxRunners: 1 });
  const long = await create('/slow 600');
  await system.until(long, (chat) => chat.workerId === workerId);
  const second = await create('hello');
  await finds(second, 'CAPACITY_WAIT', 'INFO', { within: PICK_UP_SECONDS, shown: true });
  await finds(long, 'QUIET', 'INFO', { within: settings.noProgressSeconds, shown: true });
});

test('a turn whose end can never be written down', () =>
  whileNoTurnMayEnd(system.database.pool, async () => {
    const chat = await create('hello');
    await system.startReplica();
    await finds(chat, 'SPINNING', 'CRITICAL', { within: 10, shown: true });
  }));

test('a chat that loses owner after owner at the same step', async () => {
  // They renew so seldom that what is done to a lease stays as it is.
  const forgetful = { heartbeatIntervalSeconds: 120, staleAfterSeconds: 300 };
  await system.startReplica(forgetful);
  await system.startReplica(forgetful);
  const chat = await create('/slow 600');
  for (const attempt of [1, 2]) {
    const { runnerId } = await system.until(chat, ({ generationAttempt }) => generationAttempt === attempt);
    // Again and again: a worker renews its leases once it hears notifications, which may come late.
    await until('taken by another owner', async () => {
      await edit(chat, SET_LEASE_BACK, runnerId);
      return (await system.read(chat)).generationAttempt > attempt;
    });
  }
  await finds(chat, 'OWNERS_LOST', 'WARNING', { within: PICK_UP_SECONDS, after: 'HEARTBEAT_STALE', shown: true });
});

test('a chat that is taken from each owner as soon as that has begun', async () => {
  await system.startReplica();
  await system.startReplica();
  const chat = await create('/slow 600');
  for (const attempt of [1, 2, 3, 4]) {
    await system.until(chat, ({ generationAttempt, workerId }) => generationAttempt === attempt && workerId !== null);
    await apply(chat, { name: 'abandon' });
  }
  await finds(chat, 'THRASHING', 'CRITICAL', { within: PICK_UP_SECONDS, shown: true });
});
