/** A chat's history, as the worker reads it before it calls the model. */
import { type ModelMessage, modelMessageSchema } from 'ai';
import type { ClientBase, Pool } from 'pg';
import type { NewMessage } from '../../../domain/messages.ts';
import { callable } from './callable.ts';
import { type OpenCall, openCalls } from './openCalls.ts';

export interface History {
  /** Messages for the model. */
  readonly messages: ModelMessage[];
  /** Calls that nobody will answer any more, when the chat is running. */
  readonly open: readonly OpenCall[];
  /** Row of the person's newest message, which began the turn. Null: there is none. */
  readonly turnId: string | null;
  /** Number of the model's steps since then. */
  readonly steps: number;
  /** Ids that a new call must not have. */
  readonly callIds: ReadonlySet<string>;
}

/** Error for content that no model can be called with. Its message names the row, not the content. */
export class UnusableHistory extends Error {
  override name = 'UnusableHistory';
}

/** A message that a model can be called with, as the database returns it. */
export type HistoryRow = NewMessage & { readonly id: string };

/**
 * SQL of a chat's history. Roles unknown to the SDK (the enum can gain some) and rows without content are left out.
 * @param chatId SQL of the chat's id
 */
const historyRows = (chatId: string): string => `
  SELECT id::text AS id, role::text AS role, content FROM chat_messages
  WHERE chat_id = ${chatId} AND NOT deleted AND content IS NOT NULL
    AND role::text IN ('system', 'user', 'assistant', 'tool') ORDER BY chat_messages.id`;

/** Column "history" for a SELECT from `chats`: the rows of the history as one list. */
export const HISTORY_COLUMN = `
  (SELECT coalesce(json_agg(said), '[]') FROM (${historyRows('chats.id')}) said) AS history`;

/**
 * Reads the history.
 * @throws UnusableHistory
 */
export async function readHistory(database: Pool | ClientBase, chatId: string): Promise<History> {
  const text = historyRows('$1');
  const { rows } = await database.query<HistoryRow>({ name: 'read-history', text, values: [chatId] });
  return historyOf(rows);
}

/** @throws UnusableHistory */
export function historyOf(rows: readonly HistoryRow[]): History {
  const messages = rows.map(({ id, ...row }) => {
    const message = parsed(row);
    if (!message) throw new UnusableHistory(`The message ${id} has content that no model can be called with`);
    return message;
  });
  const callableMessages = callable(messages);
  if (callableMessages.length === 0)
    throw new UnusableHistory('The chat has no message that a model can be called with');
  const began = messages.findLastIndex(({ role }) => role === 'user');
  const turn = messages.slice(began + 1);
  return {
    messages: callableMessages,
    open: openCalls(messages),
    turnId: rows[began]?.id ?? null,
    steps: turn.filter(({ role }) => role === 'assistant').length,
    callIds: new Set(messages.flatMap(callIdsOf)),
  };
}

/** Parses a row. Content may be nested too deep to be checked; that is of no use, either. */
function parsed(row: NewMessage): ModelMessage | undefined {
  try {
    return modelMessageSchema.safeParse(row).data;
  } catch {
    return undefined;
  }
}

const callIdsOf = ({ role, content }: ModelMessage): string[] =>
  role === 'assistant' && Array.isArray(content)
    ? content.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []))
    : [];
