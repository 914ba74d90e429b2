/** Chats in R0, inserted at once. */
import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { textContent } from '../../domain/messages.ts';

/** Needs a transaction: the message's trigger looks for its chat. @param text their one message @returns their ids */
export async function insertChats(tx: ClientBase, count: number, text: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO chats (owner_id, status) SELECT $1, 'running' FROM generate_series(1, $2) RETURNING id`,
    [randomUUID(), count],
  );
  const ids = rows.map((row) => row.id);
  await tx.query(
    `INSERT INTO chat_messages (chat_id, role, content) SELECT id, 'user', $2 FROM unnest($1::uuid[]) AS id`,
    [ids, JSON.stringify(textContent(text))],
  );
  return ids;
}

/** Runs `work` in a transaction. */
export async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
