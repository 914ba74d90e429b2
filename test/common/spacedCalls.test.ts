import { expect, test } from '@jest/globals';
import { spacedCalls } from '../../common/spacedCalls.ts';
import { manualClock } from '../support/manualClock.ts';

/** Lets what was woken run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function calling() {
  const clock = manualClock();
  const stopping = new AbortController();
  let calls = 0;
  const ask = spacedCalls(() => (calls += 1), 100, clock, stopping.signal);
  return { clock, stopping, ask, calls: () => calls };
}

test('the first call comes at once, the next when its time has come, and the last one always', async () => {
  const { clock, ask, calls } = calling();
  ask();
  expect(calls()).toBe(1);
  for (let i = 0; i < 5; i += 1) ask();
  clock.advance(99);
  await settled();
  expect(calls()).toBe(1);
  clock.advance(1);
  await settled();
  expect(calls()).toBe(2);
  clock.advance(1_000);
  await settled();
  expect(calls()).toBe(2);
  ask();
  expect(calls()).toBe(3);
});

test('no call comes after the end', async () => {
  const { stopping, ask, calls } = calling();
  ask();
  ask();
  stopping.abort();
  await settled();
  ask();
  expect(calls()).toBe(1);
});
