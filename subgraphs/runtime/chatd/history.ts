/** A chat's history as the worker reads it before it calls the model. */
import { type ModelMessage, modelMessageSchema } from 'ai';
import type { ClientBase, Pool } from 'pg';
import type { NewMessage } from '../../../domain/messages.ts';
import { callable } from './callable.ts';
import { type OpenCall, openCalls } from './openCalls.ts';

export interface History {
  /** What the model is called with. */
  readonly messages: ModelMessage[];
  /** Calls that nobody will answer any more, when the chat is running. */
  readonly open: readonly OpenCall[];
  /** The row of the person's newest message, with which the turn began. Null: there is none. */
  readonly turnId: string | null;
  /** Steps of the model since then. */
  readonly steps: number;
  /** Ids that a new call must not have. */
  readonly callIds: ReadonlySet<string>;
}

/** The history holds content that no model can be called with. The message names the row, not what is in it. */
export class UnusableHistory extends Error {
  override name = 'UnusableHistory';
}

/**
 * Roles that the SDK has no message for (the enum can gain some) are left out, and so are rows without content.
 * @throws UnusableHistory
 */
export async function readHistory(database: Pool | ClientBase, chatId: string): Promise<History> {
  const { rows } = await database.query<NewMessage & { id: string }>({
    name: 'read-history',
    text: `SELECT id, role::text AS role, content FROM chat_messages
      WHERE chat_id = $1 AND NOT deleted AND content IS NOT NULL
        AND role::text IN ('system', 'user', 'assistant', 'tool') ORDER BY id`,
    values: [chatId],
  });
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

/** Content may be nested deeper than its form can be checked; such is of no use, either. */
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
