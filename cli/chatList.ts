/** `npm run chat -- list`: chats as a table. */

import Table from 'cli-table3';
import type { Pool } from 'pg';
import { executionState } from '../domain/executionState.ts';
import { CHAT_COLUMNS, type ChatState } from '../subgraphs/runtime/chatd/chatState.ts';
import { printable } from './printable.ts';

/**
 * Row of the table.
 * `version` is text, because it may be larger than a JavaScript number.
 * `changed` is in UTC and in Postgres' words, because JavaScript does not know every stored moment.
 */
type Row = ChatState & { readonly title: string; readonly version: string; readonly changed: string };

const SHOWN = 50;
const LONGEST_TITLE = 200;
/** Width of the title in columns, with a space on each side. */
const TITLE_WIDTH = 38;

/** Reads the 50 chats that changed last. */
export async function listChats(pool: Pool, ownerId: string | undefined): Promise<Row[]> {
  const { rows } = await pool.query<Row>(
    `SELECT ${CHAT_COLUMNS}, left(title, ${LONGEST_TITLE}) AS title,
       snapshot_version::text AS version, date_trunc('second', updated_at AT TIME ZONE 'UTC')::text AS changed
     FROM chats WHERE $1::uuid IS NULL OR owner_id = $1 ORDER BY updated_at DESC, id DESC LIMIT ${SHOWN}`,
    [ownerId ?? null],
  );
  return rows;
}

export function chatTable(chats: readonly Row[]): string {
  if (chats.length === 0) return 'No chats. Create one: npm run chat -- create "hello"';
  const table = new Table({
    head: ['chat', 'state', 'version', 'owner', 'changed', 'title'],
    style: { head: [], border: [] },
    colWidths: [null, null, null, null, null, TITLE_WIDTH],
  });
  for (const chat of chats) {
    const owner = chat.workerId?.slice(0, 8) ?? '–';
    table.push([chat.id, executionState(chat), chat.version, owner, chat.changed, oneLine(chat.title)]);
  }
  return table.toString().replace(/\p{Cs}/gu, ''); // halves of letters that were cut in the middle
}

const oneLine = (text: string) => printable(text).replace(/\s+/g, ' ');
