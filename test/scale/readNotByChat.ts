/** Reads of a statement that do not name their chat, which a router of statements needs to find its database. */
import type pg from 'pg';
import * as z from 'zod';

/** Tables with a row for each chat or for a part of one, and their column with the chat. */
export const CHAT_COLUMN: Readonly<Record<string, string>> = {
  chats: 'id',
  chat_messages: 'chat_id',
  chat_queued_messages: 'chat_id',
  chat_heartbeats: 'chat_id',
  chat_events: 'chat_id',
};

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly 'Index Cond'?: string | undefined;
  readonly Filter?: string | undefined;
  readonly Plans?: readonly Node[] | undefined;
}
const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Index Cond': z.string().optional(),
    Filter: z.string().optional(),
    Plans: z.array(node).optional(),
  }),
);
const explained = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: node })]) })]);

/** A scan has its conditions in itself then: no table is read whole, or joined by a condition outside the scan. */
const SETTINGS = 'enable_seqscan enable_bitmapscan enable_hashjoin enable_mergejoin'
  .split(' ')
  .map((name) => `SET LOCAL ${name} = off`);

/** @returns table and condition of each scan of these tables whose chat is not equal to anything */
export async function readNotByChat(pool: pg.Pool, statements: readonly string[]): Promise<string[]> {
  const client = await pool.connect();
  try {
    await client.query(['BEGIN', ...SETTINGS].join('; '));
    const found: string[] = [];
    for (const statement of new Set(statements)) {
      if (!NAMES_A_TABLE.test(statement)) continue;
      const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${statement}`);
      found.push(...scansNotByChat(explained.parse(rows)[0]['QUERY PLAN'][0].Plan));
    }
    return found;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const NAMES_A_TABLE = new RegExp(`\\b(${Object.keys(CHAT_COLUMN).join('|')})\\b`);

function scansNotByChat(plan: Node): string[] {
  const below = (plan.Plans ?? []).flatMap(scansNotByChat);
  const table = plan['Relation Name'] ?? '';
  const column = CHAT_COLUMN[table];
  if (!column || plan['Node Type'] === 'ModifyTable') return below;
  const condition = [plan['Index Cond'], plan.Filter].filter((part) => part !== undefined).join(' AND ');
  return new RegExp(`\\(${column} = `).test(condition) ? below : [`${table}: ${condition}`, ...below];
}
