/** Wake-ups of an active recorder over a real gateway: a round that takes long is followed by a rest. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { startAlerting } from '../../../subgraphs/recorder/alerts/alerting.ts';
import { openRecorderGateway } from '../../../subgraphs/recorder/gateway.ts';
import { Lease } from '../../../subgraphs/recorder/lease.ts';
import { makeRecorderMetrics } from '../../../subgraphs/recorder/metrics.ts';
import { startRecorder } from '../../../subgraphs/recorder/recorder.ts';
import { fleetPerFile } from '../../gateway/fleet.ts';
import { INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { shared } from '../../gateway/runtimes.ts';
import { manualClock } from '../../support/manualClock.ts';
import { until } from '../../support/until.ts';
import { emptyIncidentTables, makeIncidentTables } from './support/incidentTables.ts';

const { database, gateway } = fleetPerFile();
beforeAll(() => makeIncidentTables(database.pool));
afterEach(() => emptyIncidentTables(database.pool));

/** An active recorder whose rounds take a second each, and that reads by itself eight seconds after each. */
async function startSlow() {
  const clock = manualClock();
  const client = openRecorderGateway(`${(await gateway()).url}/graphql`, INTERNAL_SECRET);
  const lease = new Lease(database.pool, randomUUID(), clock);
  const isActive = () => lease.term !== undefined;
  const metrics = makeRecorderMetrics(new Registry(), { isActive, isListening: () => true });
  const common = { pool: database.pool, lease, metrics, clock, log: shared.log };
  await lease.keep();
  const beganMs = clock.monotonicMs();
  const asked: number[] = [];
  let ended = 0;
  const recorder = startRecorder({
    ...{
      ...common,
      alerting: startAlerting({ ...common, isNoting: () => true }),
      tellsWebhook: false,
      intervalSeconds: 8,
      retentionDays: 30,
    },
    ask: async (operation, variables) => {
      asked.push(clock.monotonicMs() - beganMs);
      const answered = await client.ask(operation, variables);
      if (asked.length === 1) slow.inFirst();
      clock.advance(1_000);
      return answered;
    },
    metrics: { ...metrics, round: () => (ended += 1) },
  });
  /** Gives a round that was woken too early the time to begin. */
  const idle = async () => {
    for (let i = 0; i < 5; i += 1) await lease.keep();
  };
  const slow = {
    ...{ clock, recorder, asked, idle },
    /** Called while the first round runs. */
    inFirst: () => {},
    ends: async (count: number) => {
      await until(`round ${count} has ended`, () => ended === count);
      await idle();
    },
    stop: async () => {
      await recorder.stop();
      await client.close();
    },
  };
  return slow;
}

test('a round that took a second is followed by no other for four seconds, unless the interval is over', async () => {
  const { clock, recorder, asked, idle, ends, stop } = await startSlow();
  try {
    await ends(1);
    clock.advance(3_999);
    await idle();
    clock.advance(1);
    recorder.wake();
    await ends(2);
    clock.advance(8_000);
    await ends(3);
    expect(asked).toEqual([0, 5_000, 14_000]);
  } finally {
    await stop();
  }
});

test('what changes during a round or the rest after it is read when the recorder has rested, and once', async () => {
  const slow = await startSlow();
  const { clock, recorder, asked, idle, ends, stop } = slow;
  slow.inFirst = recorder.wake;
  try {
    await ends(1);
    clock.advance(3_999);
    await idle();
    clock.advance(1);
    await ends(2);
    clock.advance(2_000);
    recorder.wake();
    recorder.wake();
    await idle();
    clock.advance(2_000);
    await ends(3);
    clock.advance(4_000);
    await idle();
    clock.advance(4_000);
    await ends(4);
    expect(asked).toEqual([0, 5_000, 10_000, 19_000]);
  } finally {
    await stop();
  }
});
