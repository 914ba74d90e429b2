/**
 * Two runners of one replica on one chat.
 * A replica that lost a chat and won it again has two for a moment. A notification or one of its loops tells the first
 * to stop at once.
 * Here notifications are lost, and the loops look seldom.
 */
import { test } from '@jest/globals';
import { z } from 'zod';
import { systemClock } from '../../common/clock.ts';
import { WRITING } from '../support/examples.ts';
import { askReplica } from '../support/replica.ts';
import { until } from '../support/until.ts';
import { expectWell } from './support/diagnosed.ts';
import { diagnosedSystemPerFile } from './support/system.ts';

const INTERVAL_SECONDS = 16;
const settings = {
  ...{ staleAfterSeconds: 180, heartbeatIntervalSeconds: 60, acquisitionIntervalSeconds: INTERVAL_SECONDS },
  noProgressSeconds: 120,
};
/** A new runner counts once it is older. */
const SETTLED_SECONDS = 2;
const system = diagnosedSystemPerFile(settings);
const { finds } = system;

const answer = z.object({ databaseSync: z.object({ lastRunAt: z.iso.datetime().nullable() }) });

test('a chat that was released and taken again by a replica that did not hear of either', async () => {
  const proxy = await system.startProxy();
  const replica = await system.startReplica({ databaseUrl: proxy.url });
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
    return last && systemClock.now().getTime() - last > (INTERVAL_SECONDS / 2) * 1000 && last;
  });
  const chat = await system.create('/stall');
  await system.until(chat, ({ workerId, generationAttempt }) => workerId !== null && generationAttempt > 0);
  proxy.dropsNotifications = true;
  await until('the replica reads the database again', async () => (await lastSync()) !== before);
  await system.apply(chat, { name: 'abandon' });
  // They last no longer than a terminal may need to start on a loaded machine.
  await finds(chat, 'DUPLICATE_RUNNERS', 'CRITICAL', {
    within: INTERVAL_SECONDS / 2 + SETTLED_SECONDS,
    shown: WRITING,
  });
  await expectWell(system.gateway(), chat);
}, 120_000);
