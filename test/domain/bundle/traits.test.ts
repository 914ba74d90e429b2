/** Traits of a bundle, in words. */
import { expect, test } from '@jest/globals';
import { traitsOf } from '../../../domain/bundle/traits.ts';
import { bundleOf, healthy } from './support/bundles.ts';

const lockIn = (trouble: object | null) => {
  const chat = healthy();
  return traitsOf(bundleOf({ ...chat, database: { ...chat.database, trouble } }))['row locked'];
};

test('a lock of which nothing is known, as on a standby or after a question that took too long, is not said to be none', () => {
  expect(lockIn({ rowLocked: true })).toBe('yes');
  expect(lockIn({ rowLocked: false })).toBe('no');
  expect(lockIn({ isInRecovery: true, rowLocked: null })).toBe('not known');
  expect(lockIn(null)).toBe('not known');
});

test('neither is a database of which nobody knows whether it takes writes', () => {
  const serverIn = (canWrite: boolean | null) => traitsOf(bundleOf(healthy(), { database: { canWrite } })).database;
  expect([true, false, null].map(serverIn)).toEqual(['takes writes', 'takes no writes', 'not known']);
});
