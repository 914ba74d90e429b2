import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FAULTS, makePlan } from './plan.ts';

const scale = fc.record({
  seed: fc.nat(),
  chats: fc.integer({ min: 1, max: 30 }),
  seconds: fc.integer({ min: 1, max: 100 }),
});

test('the same seed makes the same plan, another seed another one', () => {
  fc.assert(
    fc.property(scale, (given) => {
      expect(makePlan(given)).toEqual(makePlan(given));
      expect(makePlan({ ...given, seed: given.seed + 1 })).not.toEqual(makePlan(given));
    }),
  );
});

test('every fault is planned at least twice, within the time, and no two messages share a tag', () => {
  fc.assert(
    fc.property(scale, (given) => {
      const { faults, chats } = makePlan(given);
      for (const kind of Object.keys(FAULTS)) {
        expect(faults.filter((fault) => fault.kind === kind).length).toBeGreaterThanOrEqual(2);
      }
      expect(Math.max(...faults.map(({ atMs }) => atMs))).toBeLessThan(given.seconds * 1000);
      const later = chats.flatMap(({ afterwards }) =>
        afterwards.flatMap((one) => ('message' in one ? [one.message] : [])),
      );
      const tags = [...chats.map(({ first }) => first), ...later].map(({ tag }) => tag);
      expect(new Set(tags).size).toBe(tags.length);
    }),
  );
});
