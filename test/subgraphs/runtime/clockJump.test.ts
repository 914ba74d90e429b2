/** A machine whose clock is set while the replica runs: what it says of times since and until stays true. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import type { ChatsAnswer } from '../../../domain/protocol/answers.ts';
import { signInternalToken } from '../../../server/tokens/internalToken.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { databasePerFile } from '../../support/database.ts';
import { askReplica, INTERNAL_SECRET, OPERATOR, replicasPerTest } from '../../support/replica.ts';
import { until } from '../../support/until.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);

/** Seconds by which the clock is set forward; tokens are good for a little longer. */
const JUMP_SECONDS = 20;
const PAUSE_SECONDS = 100;
/** Seconds that the test itself may take. */
const SOON = 15;

const secondsBetween = (one: unknown, other: unknown) => (Date.parse(String(other)) - Date.parse(String(one))) / 1_000;

test('times are told as seconds, and as moments by the clock as it is now', async () => {
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + aheadMs) };
  const replica = await startReplica({ clock });
  const store = new ChatStore(database.pool);
  const { id } = await store.create({ ownerId: randomUUID(), text: `/busy ${PAUSE_SECONDS}` });
  const look = async () => {
    const selection = '... on ChatRuntime { runners { activeTask { nextRetryAt secondsUntilRetry } } }';
    const representation = { __typename: 'ChatRuntime', chatId: id, workerId: replica.workerId };
    const { body } = await askReplica(replica, selection, [representation]);
    type Task = { nextRetryAt: string | null; secondsUntilRetry: number | null };
    return ((body.data?._entities ?? []) as { runners: { activeTask: Task | null }[] }[])[0]?.runners[0]?.activeTask;
  };
  await until('it waits for its next attempt', async () => (await look())?.nextRetryAt);
  aheadMs = JUMP_SECONDS * 1_000;
  expect((await look())?.secondsUntilRetry).toBeGreaterThan(PAUSE_SECONDS - SOON);

  const token = await signInternalToken(INTERNAL_SECRET, replica.workerId, OPERATOR);
  const response = await fetch(`${replica.url}/chat-debug/v1/chats`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ chatIds: [id] }),
  });
  const told = (await response.json()) as ChatsAnswer;
  const runner = told.chats[0]?.runners?.[0];
  const task = runner?.tasks?.[0];
  const moments = [runner?.startedAt, runner?.lease?.renewedAt, task?.startedAt, task?.lastProgressAt];
  for (const moment of moments) expect(secondsBetween(moment, told.observedAt)).toBeLessThan(SOON);
  expect(secondsBetween(told.observedAt, task?.nextRetryAt)).toBeGreaterThan(PAUSE_SECONDS - SOON);
});
