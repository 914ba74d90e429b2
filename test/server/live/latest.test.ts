import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Latest } from '../../../server/live/latest.ts';

test('a client that reads gets every answer at once', () => {
  const latest = new Latest<number>();
  expect([latest.offer(1), latest.offer(2)]).toEqual([true, true]);
});

test('one whose buffers are full gets the newest when there is room, and is told how many it did not get', () => {
  const latest = new Latest<number>();
  latest.block();
  expect(latest.isBlocked).toBe(true);
  expect([latest.offer(1), latest.offer(2), latest.offer(3)]).toEqual([false, false, false]);
  expect(latest.drain()).toEqual({ answer: 3, skipped: 2 });
  expect(latest.drain()).toBeUndefined();
  expect(latest.offer(4)).toBe(true);
});

test('whatever the client does, it ends with the last answer, in order, and each other one is counted as skipped', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('offer', 'block', 'drain')), (steps) => {
      const latest = new Latest<number>();
      const got: number[] = [];
      let [offered, skipped] = [0, 0];
      const drain = () => {
        const held = latest.drain();
        if (!held) return;
        got.push(held.answer);
        skipped += held.skipped;
      };
      for (const step of steps) {
        if (step === 'block') latest.block();
        else if (step === 'drain') drain();
        else {
          offered += 1;
          if (latest.offer(offered)) got.push(offered);
        }
      }
      drain();
      expect(got.at(-1)).toBe(offered === 0 ? undefined : offered);
      expect(got).toEqual([...got].sort((a, b) => a - b));
      expect(got.length + skipped).toBe(offered);
    }),
  );
});
