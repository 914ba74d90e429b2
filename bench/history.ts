/**
 * What does a page of a long history cost? One chat with a million events, between a thousand chats with a thousand events each,
 * asked as a client asks.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { costOf } from './database/cost.ts';
import { openFleet } from './database/openFleet.ts';
import { SUBGRAPH_CONNECTIONS, type Subgraph } from './database/subgraph.ts';
import { type BenchAnswer, tell } from './support/answers.ts';
import { inTransaction } from './support/chats.ts';
import { withDatabase } from './support/postgres.ts';
import { printTable, shown } from './support/table.ts';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const OTHER_CHATS = 1_000;
/** Events from one owner's begin to the next one's: it takes the chat, commits steps and lets it go. */
const TURN = 40;
/** Seconds between two events. */
const APART = 2;
const TIMES = 50;
const GOAL_MS = 5;

/** One chat with owners that change every turn, or with one owner that never ends its turn. */
type Owners = 'owners that change' | 'one owner';

/** Fills the history of a chat. Its triggers would write other events. */
async function fill(pool: Pool, count: number, owners: Owners): Promise<string> {
  const chatId = randomUUID();
  const client = await pool.connect();
  const turn = owners === 'one owner' ? EVENTS : TURN;
  try {
    await inTransaction(client, async () => {
      await client.query(`SET LOCAL session_replication_role = 'replica'`);
      await client.query(
        `INSERT INTO chats (id, owner_id, status, worker_id, runner_id, snapshot_version)
         VALUES ($1, gen_random_uuid(), 'running', gen_random_uuid(), gen_random_uuid(), $2)`,
        [chatId, count],
      );
      await client.query(
        `INSERT INTO chat_events (chat_id, at, snapshot_version, generation_attempt, queue_depth, by, from_state, to_state,
                                  worker_id, runner_id, previous_worker_id, previous_runner_id, transitions)
         SELECT $1, now() - make_interval(secs => ($2::int - i) * ${APART}), i, i % 2, 0, 'w', 'r', 'r',
                CASE WHEN i % $3::int = 1 THEN gen_random_uuid() END, CASE WHEN i % $3::int = 1 THEN gen_random_uuid() END,
                CASE WHEN i % $3::int = 0 THEN gen_random_uuid() END, CASE WHEN i % $3::int = 0 THEN gen_random_uuid() END,
                CASE WHEN i % $3::int IN (0, 1) THEN '{}'::text[]
                     WHEN i % 2 = 1 THEN '{recordGenerationAttempt}' ELSE '{commitStep}' END
         FROM generate_series(1, $2::int) AS i`,
        [chatId, count, turn],
      );
    });
  } finally {
    client.release();
  }
  return chatId;
}

/** Moment in the middle of the chat's history, as GraphQL writes it. */
async function middleOf(pool: Pool, chatId: string): Promise<string> {
  const { rows } = await pool.query<{ at: Date }>(
    'SELECT at FROM chat_events WHERE chat_id = $1 AND snapshot_version = $2',
    [chatId, EVENTS / 2],
  );
  const [row] = rows;
  if (!row) throw new TypeError('The chat has no event in the middle');
  return row.at.toISOString();
}

const PAGE =
  '{ edges { node { id at snapshotVersion transitions by fromState toState workerId runnerId queueDepth detail } } }';
const SPAN = '{ workerId runnerId from until seconds ended stepsCommitted attempts }';

/** Place in a history, as a client holds it. */
const cursor = (version: number) => Buffer.from(JSON.stringify(['event', version])).toString('base64url');

const questions = (middle: string): readonly (readonly [string, string])[] => [
  ['the newest 50 events', `history(first: 50) ${PAGE}`],
  ['50 events from the middle, by a cursor', `history(first: 50, after: "${cursor(EVENTS / 2)}") ${PAGE}`],
  ['50 events before a moment in the middle', `history(first: 50, until: "${middle}") ${PAGE}`],
  ['what every diagnosis asks: the last 5 owners', `recentOwners ${SPAN}`],
  ['the last 20 owners', `ownership(first: 20) ${SPAN}`],
];

const answers: BenchAnswer[] = [];

async function rowsFor(pool: Pool, subgraph: Subgraph, chatId: string, owners: Owners): Promise<string[][]> {
  const rows: string[][] = [];
  for (const [what, field] of questions(await middleOf(pool, chatId))) {
    const query = `{ chatDebugSnapshot(chatId: "${chatId}") { ${field} } }`;
    const ask = async () => {
      const { chatDebugSnapshot } = (await subgraph.ask(query)) as { chatDebugSnapshot: unknown };
      if (!JSON.stringify(chatDebugSnapshot).includes('workerId')) throw new Error(`No answer to: ${query}`);
    };
    await ask();
    const cost = await costOf(pool, SUBGRAPH_CONNECTIONS, async () => {
      for (let count = 0; count < TIMES; count += 1) await ask();
    });
    const ms = cost.ms / TIMES;
    const isPage = what.startsWith('the newest 50');
    if (isPage)
      answers.push({
        question: `50 of ${shown(EVENTS)} events, ${owners}`,
        goal: `≤ ${GOAL_MS} ms in Postgres`,
        figure: `${shown(ms, 2)} ms`,
        isMet: ms <= GOAL_MS,
      });
    rows.push([what, owners, shown(ms, 2), shown(cost.planningMs / TIMES, 2), shown(cost.buffers / TIMES)]);
  }
  return rows;
}

await withDatabase(
  async ({ url, pool }) => {
    const fleet = await openFleet(url);
    try {
      const kinds: readonly Owners[] = ['owners that change', 'one owner'];
      const chats: [Owners, string][] = [];
      for (const owners of kinds) chats.push([owners, await fill(pool, EVENTS, owners)]);
      for (let count = 0; count < OTHER_CHATS; count += 1) await fill(pool, EVENTS / 1_000, 'owners that change');
      await pool.query('VACUUM ANALYZE chat_events, chats');
      const rows: string[][] = [];
      for (const [owners, chatId] of chats) rows.push(...(await rowsFor(pool, fleet.subgraph, chatId, owners)));
      printTable(
        `A chat with ${shown(EVENTS)} events; means of ${TIMES} requests, planning and execution in Postgres`,
        ['question', 'history of', 'ms in Postgres', 'of them planning', 'buffers'],
        rows,
      );
    } finally {
      await fleet.stop();
    }
  },
  { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' },
);
tell(answers);
