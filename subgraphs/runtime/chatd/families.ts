/** Chats that `archive` and `unarchive` move together: a root chat takes its whole family with it. */
import type { ClientBase } from 'pg';
import { type Transition, TransitionRefused } from '../../../domain/transitions.ts';

interface Member {
  readonly id: string;
  readonly archived: boolean;
}

/**
 * Locks and returns the chats of the transition, the named one first.
 * Ancestors are locked before their descendants, in the order of their ids, so that two calls cannot wait for each
 * other.
 * @throws TransitionRefused if a child would leave the archive under an archived parent
 */
export async function lockFamily(tx: ClientBase, chatId: string, transition: Transition): Promise<string[]> {
  const { rows } = await tx.query<{ parent: string | null; root: string | null }>(
    'SELECT parent_chat_id AS parent, nullif(root_chat_id, id) AS root FROM chats WHERE id = $1',
    [chatId],
  );
  const chat = rows[0];
  if (chat?.parent) await checkParent(tx, chat.parent, transition);
  if (!chat || chat.parent || chat.root) return [chatId];
  await tx.query('SELECT FROM chats WHERE id = $1 FOR NO KEY UPDATE', [chatId]);
  const family = await tx.query<Member>(
    `SELECT id, archived FROM chats WHERE (root_chat_id = $1 OR parent_chat_id = $1) AND id <> $1
     ORDER BY id FOR NO KEY UPDATE`,
    [chatId],
  );
  const archived = transition.name === 'archive';
  return [chatId, ...family.rows.filter((member) => member.archived !== archived).map((member) => member.id)];
}

async function checkParent(tx: ClientBase, parentId: string, transition: Transition): Promise<void> {
  const { rows } = await tx.query<Member>('SELECT id, archived FROM chats WHERE id = $1 FOR SHARE', [parentId]);
  if (transition.name === 'unarchive' && rows[0]?.archived) {
    throw new TransitionRefused(transition.name, 'XW', `its parent ${parentId} is archived`);
  }
}
