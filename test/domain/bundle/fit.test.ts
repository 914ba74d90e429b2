/** Bundles that would be too large. */
import { expect, test } from '@jest/globals';
import { CUT, fitted } from '../../../domain/bundle/fit.ts';
import { bundleOf, healthy, throughFile } from './support/bundles.ts';

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const replicas = Array.from({ length: 3_000 }, (_, i) => ({
  id: `replica ${i}`,
  hostname: `host-${i}`,
  isAlive: true,
}));

test('a bundle that fits is left as it is', () => {
  const bundle = bundleOf(healthy());
  expect(fitted(bundle, bytes(bundle))).toBe(bundle);
});

test('of one that does not, the longest list is cut and named, and the verdict stays', () => {
  const bundle = bundleOf(healthy(), { replicas });
  const small = fitted(bundle, 100_000);
  expect(bytes(small)).toBeLessThanOrEqual(100_000);
  expect(small?.replicas?.length).toBeGreaterThan(100);
  expect(small?.replicas).toEqual(bundle.replicas?.slice(0, small?.replicas?.length));
  expect(small?.notAnswered).toEqual([{ path: 'replicas', code: CUT }]);
  expect(small?.diagnosis).toEqual(bundle.diagnosis);
  expect(small && throughFile(small)).toEqual(small);
  expect(bundle.replicas).toHaveLength(3_000);
});

test('the shorter lists stay whole until the longest is no longer than they are', () => {
  const bundle = bundleOf(
    { ...healthy(), history: { edges: Array.from({ length: 60 }, (_, i) => ({ node: { id: String(i) } })) } },
    { replicas },
  );
  expect(fitted(bundle, 100_000)?.events).toHaveLength(60);
});

test('one that does not fit even without lists is none', () => {
  expect(fitted(bundleOf(healthy(), { replicas }), 100)).toBeUndefined();
});
