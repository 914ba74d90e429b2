/** `npm run chat -- list`: chats as a table. */
import Table from 'cli-table3';
import type { Pool } from 'pg';
import { CHAT_COLUMNS, type ChatState, stateOf } from '../subgraphs/runtime/chatd/chatState.ts';
import { printable } from './printable.ts';

type Row = ChatState & { readonly title: string; readonly updatedAt: Date };

const SHOWN = 50;
const TITLE_WIDTH = 36;

/** The 50 that changed last. */
export async function listChats(pool: Pool, ownerId: string | undefined): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `SELECT ${CHAT_COLUMNS}, title, updated_at AS "updatedAt" FROM chats
     WHERE $1::uuid IS NULL OR owner_id = $1 ORDER BY updated_at DESC, id DESC LIMIT ${SHOWN}`,
    [ownerId ?? null],
  );
  return rows;
}

export function chatTable(chats: readonly Row[]): string {
  if (chats.length === 0) return 'No chats. Create one: npm run chat -- create "hello"';
  const table = new Table({
    head: ['chat', 'state', 'version', 'owner', 'changed', 'title'],
    style: { head: [], border: [] },
  });
  for (const chat of chats) {
    const changed = chat.updatedAt.toISOString().slice(11, 19);
    const owner = chat.workerId?.slice(0, 8) ?? '–';
    table.push([chat.id, stateOf(chat), chat.snapshotVersion, owner, changed, oneLine(chat.title)]);
  }
  return table.toString();
}

const oneLine = (text: string) => printable(text).replace(/\s+/g, ' ').slice(0, TITLE_WIDTH);
