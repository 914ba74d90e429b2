/** The lease of the active recorder, and writes that name its term. */
import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Step } from '../../../domain/incidents/step.ts';
import { Lease, LeaseLost, type Term } from '../../../subgraphs/recorder/lease.ts';
import { whyNotReadable } from '../../../subgraphs/recorder/questions.ts';
import { deleteOld } from '../../../subgraphs/recorder/retention.ts';
import { writeStep } from '../../../subgraphs/recorder/writeStep.ts';
import { databasePerFile } from '../../support/database.ts';
import { manualClock } from '../../support/manualClock.ts';
import { emptyIncidentTables, endLease, incidentRows, makeIncidentTables } from './support/incidentTables.ts';

const database = databasePerFile('template0');
beforeAll(() => makeIncidentTables(database.pool));
beforeEach(() => emptyIncidentTables(database.pool));

const recorder = () => {
  const clock = manualClock();
  return { clock, lease: new Lease(database.pool, randomUUID(), clock) };
};
const held = ({ lease }: { lease: Lease }): Term => {
  if (!lease.term) throw new Error('This recorder is not active');
  return lease.term;
};
const opens: Step = {
  kind: 'open',
  noted: {
    ...{ code: 'NO_OWNER', severity: 'CRITICAL', verdict: 'STUCK', summary: 'Stuck.' },
    ...{ codes: ['NO_OWNER'], workerIds: [] },
  },
};
const write = (term: Term) =>
  writeStep(database.pool, term, { chatId: randomUUID(), ownerId: null, incident: undefined }, opens);
const count = async () => (await incidentRows(database.pool)).length;

test('one recorder has the lease, and keeps it by renewing', async () => {
  const [first, second] = [recorder(), recorder()];
  await Promise.all([first.lease.keep(), second.lease.keep()]);
  const [active, waiting] = first.lease.term ? [first, second] : [second, first];
  const { number } = held(active);
  await active.lease.keep();
  await waiting.lease.keep();
  expect(held(active).number).toBe(number);
  expect(waiting.lease.term).toBeUndefined();
  await write(held(active));
  expect(await count()).toBe(1);
});

test('once it has run out another takes it, and the first writes nothing more', async () => {
  const [first, second] = [recorder(), recorder()];
  await first.lease.keep();
  const frozen = held(first);
  await endLease(database.pool);
  await second.lease.keep();
  expect(Number(held(second).number)).toBe(Number(frozen.number) + 1);
  await expect(write(frozen)).rejects.toThrow(LeaseLost);
  expect(await count()).toBe(0);
  await first.lease.keep();
  expect(first.lease.term).toBeUndefined();
  await write(held(second));
  expect(await count()).toBe(1);
});

test('a term that has run out writes nothing, though nobody has taken it', async () => {
  const first = recorder();
  await first.lease.keep();
  await endLease(database.pool);
  await expect(write(held(first))).rejects.toThrow(LeaseLost);
  expect(await count()).toBe(0);
});

test('a recorder that cannot renew stops believing in its lease after 15 s', async () => {
  const first = recorder();
  await first.lease.keep();
  first.clock.advance(14_999);
  expect(first.lease.term).toBeDefined();
  first.clock.advance(1);
  expect(first.lease.term).toBeUndefined();
});

test('a lease that was given up can be taken at once', async () => {
  const [first, second] = [recorder(), recorder()];
  await first.lease.keep();
  await first.lease.giveUp();
  await second.lease.keep();
  expect([first.lease.term, held(second)]).toEqual([undefined, expect.anything()]);
});

test('a lease from before the clock was set back does not last for hours', async () => {
  const [first, second] = [recorder(), recorder()];
  await first.lease.keep();
  await database.pool.query(
    `UPDATE chat_debug_recorder.recorder_lease SET expires_at = clock_timestamp() + interval '1 hour'`,
  );
  await second.lease.keep();
  expect(held(second)).toBeDefined();
});

test('closed incidents go with their age, open ones stay, and after the term none goes', async () => {
  const first = recorder();
  await first.lease.keep();
  for (let i = 0; i < 3; i += 1) await write(held(first));
  await database.pool.query(
    `UPDATE chat_debug_recorder.incidents SET closed_at = clock_timestamp() - days.number * interval '1 day', close_reason = 'WELL'
     FROM (SELECT id, row_number() OVER () * 2 AS number FROM chat_debug_recorder.incidents LIMIT 2) AS days
     WHERE days.id = incidents.id`,
  );
  const term = held(first);
  await deleteOld(database.pool, { ...term, number: '0' }, 3);
  expect(await count()).toBe(3);
  await deleteOld(database.pool, term, 3);
  expect((await incidentRows(database.pool)).map((row) => row.close_reason).sort()).toEqual(['WELL', null]);
});

test('a lease that nobody can take, since its row is gone, is told to probes', async () => {
  expect(await whyNotReadable(database.pool)).toBeUndefined();
  await database.pool.query('DELETE FROM chat_debug_recorder.recorder_lease');
  try {
    const { lease } = recorder();
    await lease.keep();
    expect(lease.term).toBeUndefined();
    const told = await whyNotReadable(database.pool);
    const [, sql = ''] = /No incident is noted: .* Run `(.*)`\./.exec(told ?? '') ?? [];
    await database.pool.query(sql);
    await lease.keep();
    expect(lease.term).toBeDefined();
    expect(await whyNotReadable(database.pool)).toBeUndefined();
  } finally {
    await database.pool.query('INSERT INTO chat_debug_recorder.recorder_lease DEFAULT VALUES ON CONFLICT DO NOTHING');
  }
});
