import { expect, test } from '@jest/globals';
import type { StopSignal } from '../../../common/stopSignal.ts';
import { hedged } from '../../../routing/ask/hedge.ts';
import { manualClock } from '../../support/manualClock.ts';

/** Tries that end when the test says so. */
function tries(afterMs: number | undefined) {
  const clock = manualClock();
  const started: { signal: StopSignal; end(result: string): void; fail(): void }[] = [];
  const attempt = (signal: StopSignal) =>
    new Promise<string>((resolve, reject) => {
      started.push({ signal, end: resolve, fail: () => reject(new Error('a defect')) });
    });
  const controller = new AbortController();
  const result = hedged({
    ...{ attempt, afterMs, clock, signal: controller.signal },
    isGood: (text: string) => text.startsWith('good'),
  });
  return { clock, started, result, controller };
}

/** Lets everything run that waits for nothing but promises. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

test('without a time there is one try', async () => {
  const { started, result, clock } = tries(undefined);
  clock.advance(60_000);
  await settle();
  started[0]?.end('bad');
  expect(await result).toEqual({ result: 'bad', attempts: 1 });
  expect(started).toHaveLength(1);
});

test('a try that ends in time is the only one, good or not', async () => {
  for (const end of ['good', 'bad']) {
    const { started, result, clock } = tries(100);
    clock.advance(99);
    await settle();
    started[0]?.end(end);
    expect(await result).toEqual({ result: end, attempts: 1 });
    expect(started).toHaveLength(1);
  }
});

test.each([0, 1])(
  'a slow one gets a second beside it; try %i is good first, and the other is cancelled',
  async (winner) => {
    const { started, result, clock } = tries(100);
    clock.advance(100);
    await settle();
    expect(started).toHaveLength(2);
    expect(started.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    started[winner]?.end('good');
    expect(await result).toEqual({ result: 'good', attempts: 2 });
    expect(started[1 - winner]?.signal.aborted).toBe(true);
  },
);

test('a bad one waits for the other; when both are bad, the first is what came of it', async () => {
  const one = tries(100);
  one.clock.advance(100);
  await settle();
  one.started[1]?.end('bad: second');
  await settle();
  one.started[0]?.end('good');
  expect(await one.result).toEqual({ result: 'good', attempts: 2 });
  const two = tries(100);
  two.clock.advance(100);
  await settle();
  two.started[1]?.end('bad: second');
  two.started[0]?.end('bad: first');
  expect(await two.result).toEqual({ result: 'bad: first', attempts: 2 });
});

test('a defect in one of them is not the end of the other; in both it is told', async () => {
  const one = tries(100);
  one.clock.advance(100);
  await settle();
  one.started[0]?.fail();
  one.started[1]?.end('good');
  expect(await one.result).toEqual({ result: 'good', attempts: 2 });
  const two = tries(100);
  two.clock.advance(100);
  await settle();
  for (const { fail } of two.started) fail();
  await expect(two.result).rejects.toThrow();
});

test('when the deadline passes both are cancelled, and none is begun', async () => {
  const one = tries(100);
  one.clock.advance(100);
  await settle();
  one.controller.abort();
  expect(one.started.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  const two = tries(100);
  two.controller.abort();
  two.clock.advance(100);
  await settle();
  expect(two.started).toHaveLength(1);
  two.started[0]?.end('aborted');
  expect(await two.result).toEqual({ result: 'aborted', attempts: 1 });
});
