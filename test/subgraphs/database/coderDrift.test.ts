/** A Coder deployment that is a little other than those that are known: it costs what hangs on that, and is said in words. */
import { describe, expect, test } from '@jest/globals';
import { drifted, suspects } from './support/coderDrift.ts';

const SNAPSHOT = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { executionState database {
  lastMessage { role } turn { steps } messageStats { total } trouble { platform } } } }`;

describe('the list of suspects', () => {
  test.each<[string, (role: string) => string]>([
    ['a role that may read no message', (role) => `REVOKE SELECT ON chat_messages FROM ${role}`],
    ['messages that are gone', () => 'DROP TABLE chat_messages CASCADE; DROP TYPE chat_message_role'],
    ['a role that may not read who wrote a message', (role) => `REVOKE SELECT (role) ON chat_messages FROM ${role}`],
    [
      'roles that are plain text',
      () => 'ALTER TABLE chat_messages ALTER COLUMN role TYPE text; DROP TYPE chat_message_role',
    ],
    ['an enum of another name', () => 'ALTER TYPE chat_message_role RENAME TO message_role'],
    ['an enum of statuses of another name', () => 'ALTER TYPE chat_status RENAME TO status_of_chat'],
  ])('is there with %s', async (_what, change) => {
    await drifted(change, async ({ ask, ids }) => {
      expect(await suspects(ask)).toEqual({ ids: [ids.forgotten], errors: [] });
      const others = await ask('{ chats(filter: { suspect: false }) { edges { node { chatId } } } }');
      expect(others.errors).toEqual([]);
    });
  });

  test('is about messages still, where their roles are plain text', async () => {
    const change = 'ALTER TABLE chat_messages ALTER COLUMN role TYPE text; DROP TYPE chat_message_role';
    await drifted(
      () => change,
      async ({ ask, ids }) => {
        const { data, errors } = await ask(SNAPSHOT, { id: ids.owned });
        expect(errors).toEqual([]);
        expect(data).toMatchObject({
          chatDebugSnapshot: {
            database: { lastMessage: { role: 'user' }, turn: { steps: 0 }, messageStats: { total: 1 } },
          },
        });
      },
    );
  });
});
