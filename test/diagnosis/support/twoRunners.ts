/**
 * Two runners of one replica on one chat.
 * A replica that lost a chat and won it again has two for a moment. A notification or one of its loops tells the first
 * to stop at once.
 * Here notifications are lost, and the loops look seldom.
 */
import * as z from 'zod';
import { systemClock } from '../../../common/clock.ts';
import { askReplica } from '../../support/replica.ts';
import { until } from '../../support/until.ts';
import type { diagnosedSystemPerFile } from './system.ts';

/** Seconds between looks of the replica. It has two runners for half of that time. */
export const LOOKS_EVERY_SECONDS = 16;
const SELDOM = {
  ...{ acquisitionIntervalSeconds: LOOKS_EVERY_SECONDS, heartbeatIntervalSeconds: 60, staleAfterSeconds: 180 },
};

const answer = z.object({ databaseSync: z.object({ lastRunAt: z.iso.datetime().nullable() }) });

/**
 * Starts a replica that has room for these two runners and no other.
 * @returns the chat, which was released and is about to be taken again
 */
export async function chatWithTwoRunners(system: ReturnType<typeof diagnosedSystemPerFile>): Promise<string> {
  const proxy = await system.startProxy();
  const replica = await system.startReplica({ ...SELDOM, databaseUrl: proxy.url, maxRunners: 2 });
  const lastSync = async () => {
    const representation = { __typename: 'ReplicaRuntime', workerId: replica.workerId };
    const { body } = await askReplica(replica, '... on ReplicaRuntime { databaseSync { lastRunAt } }', [
      representation,
    ]);
    const { lastRunAt } = answer.parse(body.data?._entities[0]).databaseSync;
    return lastRunAt === null ? undefined : Date.parse(lastRunAt);
  };
  // A chat that is created wakes the acquisition, which from then on runs half an interval after the look at the rows.
  const before = await until('half an interval has passed since the last reading', async () => {
    const last = await lastSync();
    return last && systemClock.now().getTime() - last > (LOOKS_EVERY_SECONDS / 2) * 1000 && last;
  });
  const chat = await system.create('/stall');
  await system.until(chat, ({ workerId, generationAttempt }) => workerId !== null && generationAttempt > 0);
  proxy.dropsNotifications = true;
  await until('the replica reads the database again', async () => (await lastSync()) !== before);
  await system.apply(chat, { name: 'abandon' });
  return chat;
}
