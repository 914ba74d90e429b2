/** Comparison of indexes by their use. */
import { expect, test } from '@jest/globals';
import { serves } from '../../../subgraphs/database/indexText.ts';
import { CHAT_INDEXES, lackingIndexes, WANTED_INDEXES } from '../../../subgraphs/database/wantedIndexes.ts';

test.each([
  ['(updated_at DESC, id DESC)', '(updated_at DESC, id DESC)'],
  ['(updated_at, id)', '(updated_at DESC, id DESC)'],
  ['(updated_at DESC)', '(updated_at DESC, id DESC)'],
  ['(updated_at DESC, id DESC, owner_id)', '(updated_at DESC, id DESC)'],
  ['(owner_id)', '(owner_id, updated_at DESC, id DESC)'],
  ['(parent_chat_id)', '(parent_chat_id, updated_at DESC, id DESC) WHERE (parent_chat_id IS NOT NULL)'],
  ['(worker_id, updated_at, id)', '(worker_id, updated_at, id) WHERE (worker_id IS NOT NULL)'],
  ['(chat_id, id)', '(chat_id, id) WHERE (NOT deleted)'],
  ['(chat_id, role, id DESC) WHERE (deleted = false)', '(chat_id, role, id DESC) WHERE (NOT deleted)'],
  ['(((parent_chat_id IS NULL)), status, updated_at, id) WHERE (archived = false)', CHAT_INDEXES.byStatus],
  ['(updated_at, id) WHERE archived', '(updated_at, id) WHERE archived'],
])('%s serves for %s', (there, wanted) => {
  expect(serves(there, wanted)).toBe(true);
});

test.each([
  ['(id)', '(updated_at DESC, id DESC)'],
  ['(updated_at DESC, id)', '(updated_at DESC, id DESC)'],
  ['(updated_at, id) WHERE archived', '(updated_at DESC, id DESC)'],
  ['(updated_at, id)', '(updated_at, id) WHERE archived'],
  ['(updated_at, id)', CHAT_INDEXES.runnable],
  ['(worker_id)', '(worker_id, updated_at, id) WHERE (worker_id IS NOT NULL)'],
  ['(chat_id)', '(chat_id, role, deleted)'],
  ['(chat_id, created_at)', '(chat_id, id) WHERE (NOT deleted)'],
  ['(chat_id, role, id DESC) WHERE (NOT deleted)', '(chat_id, role, deleted)'],
])('%s does not serve for %s', (there, wanted) => {
  expect(serves(there, wanted)).toBe(false);
});

test.each(['own', 'coder'] as const)(
  'the indexes of %s stand in for each other only where they are the same',
  (platform) => {
    for (const { table, keys } of WANTED_INDEXES[platform]) {
      const others = WANTED_INDEXES[platform].filter((wanted) => wanted.table !== table || wanted.keys !== keys);
      const found = Object.fromEntries(
        [...new Set(WANTED_INDEXES[platform].map((wanted) => wanted.table))].map((name) => [
          name,
          others.filter((wanted) => wanted.table === name).map((wanted) => wanted.keys),
        ]),
      );
      expect(lackingIndexes(found, platform).map((lacking) => lacking.keys)).toEqual([keys]);
    }
  },
);

test('nothing is wanted of a view', () => {
  expect(lackingIndexes({}, 'coder')).toEqual([]);
});
