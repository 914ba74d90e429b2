import { expect, test } from '@jest/globals';
import { mayRead, type Owned, owns } from '../../../server/graphql/rights.ts';
import { READ_ALL } from '../../../server/tokens/internalToken.ts';

const OWNER = 'aaaaaaaa-0000-4000-8000-000000000001';
const NO_OWNER = [{ ownerId: null }, { ownerId: undefined }] as unknown as Owned[];

test('a chat is its owner’s, and of whoever may read all', () => {
  const chat = { ownerId: OWNER };
  expect(owns({ sub: OWNER.toUpperCase(), roles: [] }, chat)).toBe(true);
  expect(mayRead({ sub: OWNER, roles: [] }, chat)).toBe(true);
  expect(mayRead({ sub: OWNER.replace('1', '2'), roles: [] }, chat)).toBe(false);
  expect(mayRead({ sub: 'a-tool', roles: [READ_ALL] }, chat)).toBe(true);
});

test.each(NO_OWNER)('a row without an owner (%j) is nobody’s, also not of a caller whose name is no id', (chat) => {
  for (const sub of ['a-tool', '', OWNER]) expect(mayRead({ sub, roles: [] }, chat)).toBe(false);
});
