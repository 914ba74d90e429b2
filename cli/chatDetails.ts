/** `npm run chat -- show`: shows what an operator needs to name a message, a queued message or a tool call. */
import type { Pool } from 'pg';
import { type OpenCall, openCalls } from '../subgraphs/runtime/chatd/openCalls.ts';
import { printableLine } from './printable.ts';
import { shownId } from './toolOutputs.ts';

interface Row {
  readonly id: string;
  readonly role: string;
  /** Content of the message; null: too long to be fetched. */
  readonly content: unknown;
  /** Beginning of the text of a long message. */
  readonly beginning: string | null;
}

/** Last rows of a list of any length. */
interface Rows {
  readonly rows: readonly Row[];
  /** Rows of the whole list. */
  readonly total: number;
}

interface ChatDetails {
  readonly messages: Rows;
  readonly queue: Rows;
  readonly calls: readonly OpenCall[];
}

const MOST_ROWS = 200;
const LONGEST_LINE = 100;
const LONGEST_TEXT = 200;

/** Elements of an array; any other value stands for itself. */
const PARTS = `jsonb_array_elements(CASE jsonb_typeof(content) WHEN 'array' THEN content ELSE jsonb_build_array(content) END)`;
/** Content of any size and depth, cut to what a line shows. */
const CONTENT = `
  CASE WHEN octet_length(content::text) <= 4000 THEN content END AS content,
  CASE WHEN octet_length(content::text) > 4000 THEN
    left(coalesce((SELECT string_agg(part->>'text', ' ') FROM ${PARTS} AS part), content::text), ${2 * LONGEST_LINE})
  END AS beginning`;

export async function readChatDetails(pool: Pool, chatId: string): Promise<ChatDetails> {
  const [messages, queue, calls] = await Promise.all([
    readRows(
      pool,
      `SELECT id, role::text AS role, ${CONTENT}, count(*) OVER ()::int AS total
       FROM chat_messages WHERE chat_id = $1 AND NOT deleted ORDER BY id DESC LIMIT ${MOST_ROWS}`,
      chatId,
    ),
    readRows(
      pool,
      `SELECT id, 'queued' AS role, ${CONTENT}, count(*) OVER ()::int AS total
       FROM chat_queued_messages WHERE chat_id = $1 ORDER BY position, id LIMIT ${MOST_ROWS}`,
      chatId,
    ),
    readOpenCalls(pool, chatId),
  ]);
  return { messages: { ...messages, rows: messages.rows.toReversed() }, queue, calls };
}

async function readRows(pool: Pool, sql: string, chatId: string): Promise<Rows> {
  const { rows } = await pool.query<Row & { total: number }>(sql, [chatId]);
  return { rows, total: rows[0]?.total ?? 0 };
}

/** Reads the open calls of a history of any length, without arguments and results of tools. */
export async function readOpenCalls(pool: Pool, chatId: string): Promise<OpenCall[]> {
  const { rows } = await pool.query<{ content: unknown }>(
    `SELECT jsonb_agg(jsonb_build_object(
         'type', part->'type', 'toolCallId', part->'toolCallId', 'toolName', part->'toolName') ORDER BY place) AS content
     FROM chat_messages, ${PARTS} WITH ORDINALITY AS parts (part, place)
     WHERE chat_id = $1 AND NOT deleted AND part->>'type' IN ('tool-call', 'tool-result')
     GROUP BY id ORDER BY id`,
    [chatId],
  );
  return openCalls(rows);
}

export function describeChat({ messages, queue, calls }: ChatDetails): string {
  const { total, rows } = messages;
  const unsent = queue.total - queue.rows.length;
  if (total + queue.total === 0) return 'It has no messages.';
  return [
    ...(total > rows.length ? [`… ${total - rows.length} earlier messages`] : []),
    ...[...rows, ...queue.rows].map(line),
    ...(unsent > 0 ? [`… ${unsent} more queued messages`] : []),
    ...calls.map((call) => `open call ${shownId(call)} of ${oneLine(call.toolName)}`),
  ].join('\n');
}

const oneLine = (text: string) => printableLine(text, LONGEST_TEXT);

function line({ id, role, content, beginning }: Row): string {
  const text = oneLine(beginning ?? textOf(content));
  const letters = [...text];
  const shown = letters.length > LONGEST_LINE ? `${letters.slice(0, LONGEST_LINE - 1).join('')}…` : text;
  return `${id.padStart(6)}  ${oneLine(role).padEnd(9)}  ${shown}`;
}

function textOf(content: unknown): string {
  const parts: unknown[] = Array.isArray(content) ? content : [content];
  return parts
    .map((part) => (typeof part === 'object' && part && 'text' in part ? textIn(part.text) : JSON.stringify(part)))
    .join(' ');
}

const textIn = (text: unknown): string => (typeof text === 'string' ? text : JSON.stringify(text));
