/** Sentences on what views show, of which the catalog tells nothing. Pure but for the question that it is given. */
import { type TableName, tableRead } from '../../subgraphs/database/tables/described.ts';
import type { FoundTables } from '../../subgraphs/database/tables/found.ts';

/** Rows of each view that are looked at. */
const MOST = 1_000;
const STATUSES = ['waiting', 'running', 'interrupting', 'requires_action', 'error'];
const ROLES = ['user', 'assistant', 'tool', 'system'];
/** Seconds that a time may lie ahead: the clocks of workers differ a little. */
const AHEAD = `> now() + interval '60 s'`;

interface Complaint {
  readonly column: string;
  /** Condition on a row. Undefined: the column is to be different in each. */
  readonly when?: string;
  /** What is wrong with the column, and what comes of it, as the end of a sentence. */
  readonly says: string;
  /** True if the words in the column are named. */
  readonly names?: true;
}

const isNull = (column: string, follows: string): Complaint => ({
  ...{ column, when: `t.${column} IS NULL`, says: `is null: ${follows}` },
});
const isNone = (column: string, of: readonly string[], follows: string): Complaint => ({
  ...{ column, names: true, says: `is none of ${of.join(', ')}: ${follows}` },
  when: `(t.${column}::text = ANY ('{${of.join()}}'::text[])) IS NOT TRUE`,
});
const isAhead = (column: string): Complaint => ({
  ...{ column, when: `t.${column} ${AHEAD}` },
  says: 'lies ahead of the clock of the database: a time without time zone is taken for UTC',
});

const COMPLAINTS: Readonly<Partial<Record<TableName, readonly Complaint[]>>> = {
  chats: [
    isNull('id', 'the row is left out'),
    { column: 'id', says: 'is that of another row: lists show the chat twice' },
    isNone('status', STATUSES, 'the chat is INVALID'),
    isNull('updated_at', 'the chat cannot be judged'),
    isAhead('updated_at'),
  ],
  chat_messages: [
    isNull('chat_id', 'the message is of no chat'),
    isNone('role', ROLES, 'nobody can tell who spoke last'),
  ],
  chat_queued_messages: [isNull('chat_id', 'the message is of no chat')],
  chat_heartbeats: [isNull('heartbeat_at', 'the lease cannot be judged'), isAhead('heartbeat_at')],
  replicas: [
    isNull('id', 'the row is left out'),
    isNull('updated_at', 'the replica is not alive'),
    {
      ...{ column: 'relay_address', says: 'is no http or https URL: the worker is not asked' },
      when: `t.stopped_at IS NULL AND (t.relay_address ~* '^https?://') IS NOT TRUE`,
    },
  ],
};

export const VIEWS_LOOKED_AT = Object.keys(COMPLAINTS) as TableName[];

/** Answer to a statement: its rows, or the SQLSTATE of its failure. */
export type Answer = { readonly rows: readonly Readonly<Record<string, unknown>>[] } | { readonly state: string };

/** Sentences on one view. @param ask puts a statement whose failure spares all others */
export async function lookAtView(
  view: TableName,
  tables: FoundTables,
  timeoutMs: number,
  ask: (sql: string) => Promise<Answer>,
): Promise<string[]> {
  const columns = tables[view]?.columns ?? {};
  const there = Object.keys(tableRead(view).columns).filter((name) => columns[name]?.isReadable);
  const complaints = (COMPLAINTS[view] ?? []).filter(({ column }) => there.includes(column));
  const needsStop = view === 'replicas' && !there.includes('stopped_at');
  if (there.length === 0 || needsStop) return [];
  const answer = await ask(statement(view, there, complaints));
  if ('state' in answer) return failure(view, answer.state, timeoutMs);
  const [row] = answer.rows;
  return complaints.flatMap(({ column, says }, i) => {
    const count = Number(row?.[`n${i}`] ?? 0);
    const words = row?.[`w${i}`];
    const named =
      Array.isArray(words) && words.length > 0 ? ` (${words.map((word) => JSON.stringify(word)).join(', ')})` : '';
    return count === 0
      ? []
      : [`\`${view}.${column}\` ${says}. So it is in ${count} of ${String(row?.rows)} rows${named}.`];
  });
}

/** Every column is counted, so that it is worked out, and fails where it fails. */
function statement(view: TableName, there: readonly string[], complaints: readonly Complaint[]): string {
  const counts = complaints.flatMap(({ column, when, names }, i) => [
    when === undefined
      ? `(count(t.${column}) - count(DISTINCT t.${column}))::int4 AS n${i}`
      : `count(*) FILTER (WHERE ${when})::int4 AS n${i}`,
    ...(names
      ? [
          `(array_agg(DISTINCT left(t.${column}::text, 40)) FILTER (WHERE t.${column} IS NOT NULL AND ${when}))[1:3] AS w${i}`,
        ]
      : []),
  ]);
  const every = there.map((name) => `count(t."${name}")`).join(' + ');
  return `SELECT count(*)::int4 AS rows, ${[...counts, `${every} AS every`].join(', ')}
    FROM (SELECT ${there.map((name) => `"${name}"`).join(', ')} FROM ${view} LIMIT ${MOST}) AS t`;
}

const TIMED_OUT = '57014';
const LOCKED = '55P03';

function failure(view: TableName, state: string, timeoutMs: number): string[] {
  const first = `its first ${MOST.toLocaleString('en-US')} rows`;
  if (state === LOCKED) return [];
  return state === TIMED_OUT
    ? [
        `View \`${view}\` takes longer for ${first} than DATABASE_TIMEOUT_MS (${timeoutMs} ms) allows. Lists would fail.`,
      ]
    : [
        `View \`${view}\` fails over ${first} (SQLSTATE ${state}). \`SELECT * FROM ${view} LIMIT ${MOST};\` as this role says more.`,
      ];
}
