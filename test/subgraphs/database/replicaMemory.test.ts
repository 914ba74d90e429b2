/** Replicas that are remembered while the database does not answer. */
import { expect, test } from '@jest/globals';
import type { ReplicaRow } from '../../../subgraphs/database/questions/replicaRows.ts';
import { ReplicaMemory } from '../../../subgraphs/database/replicaMemory.ts';
import { manualClock } from '../../support/manualClock.ts';

const row = (id: string, isAlive: boolean) => ({ id, isAlive }) as ReplicaRow;
const LONG = 30;

test('are as they were read, and none is alive once their rows would be too old', async () => {
  const clock = manualClock();
  const memory = new ReplicaMemory(clock);
  expect(memory.recall(undefined)).toBeUndefined();
  memory.remember(undefined, [row('a', true), row('b', false)], LONG);
  clock.advance(LONG * 1_000);
  expect(memory.recall(true)).toEqual([row('a', true)]);
  expect(memory.recall(false)).toEqual([row('b', false)]);
  clock.advance(1);
  expect(memory.recall(undefined)).toEqual([row('a', false), row('b', false)]);
});

test('that may have died meanwhile are neither the live ones nor the others', () => {
  const clock = manualClock();
  const memory = new ReplicaMemory(clock);
  for (const alive of [undefined, true, false]) memory.remember(alive, [row('a', alive !== false)], LONG);
  clock.advance(LONG * 1_000 + 1);
  expect(memory.recall(true)).toBeUndefined();
  expect(memory.recall(false)).toBeUndefined();
});

test('of the same question come before those of all', () => {
  const clock = manualClock();
  const memory = new ReplicaMemory(clock);
  memory.remember(undefined, [row('a', true)], LONG);
  memory.remember(true, [row('b', true)], LONG);
  expect(memory.recall(true)).toEqual([row('b', true)]);
});

test('of the same question, read too long ago, do not hide those of all that were read since', () => {
  const clock = manualClock();
  const memory = new ReplicaMemory(clock);
  memory.remember(true, [row('old', true)], LONG);
  clock.advance(LONG * 1_000 + 1);
  memory.remember(undefined, [row('a', true), row('b', false)], LONG);
  expect(memory.recall(true)).toEqual([row('a', true)]);
});
