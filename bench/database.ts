/**
 * What do questions cost the database, as chats and messages grow?
 * A million chats are compared with a thousand, with the same hundred in trouble and as many at work. Times and counts
 * are the server's own.
 */
import type pg from 'pg';
import { messageCountsSql } from '../subgraphs/database/questions/messageCounts.ts';
import { type Cost, rowsWalked } from './database/cost.ts';
import { fillFleet, SUSPECTS } from './database/fleet.ts';
import { type Fleet, type ListCost, listCost } from './database/lists.ts';
import { compareCounting, countingPlan, fillMessages } from './database/messages.ts';
import { type OpenFleet, openFleet } from './database/openFleet.ts';
import { pollCost } from './database/poll.ts';
import { compareWrites, type WriteCost } from './database/writes.ts';
import { type BenchAnswer, tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const ROUNDS = 5;
const LARGE = 1_000_000;
const SMALL = 1_000;
const AT_WORK = 100;
const MANY_AT_WORK = 2_000;
const TABLES = ['chats', 'chat_messages', 'chat_queued_messages'];
/** Tables among the fields of a poll. */
const TABLES_SELECTED = 5;
const SUSPECT = '{ suspect: true }';

const OTHER_FILTERS = [
  ...['{}', '{ suspect: false }', '{ executionState: [W] }', '{ executionState: [E0] }', '{ executionState: [E1] }'],
  ...[
    '{ executionState: [XE0] }',
    '{ executionState: [INVALID] }',
    '{ status: ["paused"] }',
    '{ status: ["running"] }',
  ],
  ...['{ owned: true }', '{ owned: false }', '{ heartbeat: MISSING }', '{ heartbeat: STALE }'],
];

const answers: BenchAnswer[] = [];
/** Half of what a poll took at `fa37945`, on a machine of the time. */
const POLL_CPU_MS = 2.55;
/** Prints an answer, and keeps it for the table of all benches. */
const answered = (question: string, goal: string, figure: string, isMet: boolean, peers = '') =>
  answers.push({ question, goal, figure, peers, isMet });

const rounds: Record<'large' | 'small', ListCost[]> = { large: [], small: [] };
const middle = (costs: readonly ListCost[], field: keyof ListCost) => median(costs.map((cost) => cost[field]));

async function compareFleets(large: Fleet, small: Fleet): Promise<string[][]> {
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.large.push(await listCost(large, SUSPECT));
    rounds.small.push(await listCost(small, SUSPECT));
  }
  for (const { found } of [...rounds.large, ...rounds.small]) {
    if (found !== SUSPECTS) throw new Error(`${found} suspects were found, not ${SUSPECTS}`);
  }
  const row = (what: string, field: 'ms' | 'serverMs' | 'buffers', digits: number) => {
    const ratio = median(rounds.large.map((cost, i) => cost[field] / (rounds.small[i]?.[field] ?? Number.NaN)));
    const figures = [middle(rounds.large, field), middle(rounds.small, field)].map((value) => shown(value, digits));
    const question = `suspects among ${shown(LARGE)} chats against ${shown(SMALL)}, ${what}`;
    answered(question, '≤ 2 ×', `${shown(ratio, 2)} ×`, ratio <= 2, figures.join(' against '));
    return [`\`suspect: true\`, ${what}`, figures.join(' against '), `${shown(ratio, 2)} ×`, '≤ 2 ×'];
  };
  return [row('ms in Postgres', 'serverMs', 2), row('ms over HTTP', 'ms', 1), row('buffers', 'buffers', 0)];
}

async function compareMessages(fleet: Fleet): Promise<{ rows: string[][]; plan: string[] }> {
  const one = await fillMessages(fleet.pool, 1, 1_000_000);
  const hundred = await fillMessages(fleet.pool, 100, 10_000);
  const rows: string[][] = [];
  for (const [what, ids, goal, isMet] of [
    ['`messageStats` of 1,000,000 messages, ms', one, '≤ 1.2 ×', (ratio: number) => ratio <= 1.2],
    ['`messageStats` of 100 chats of 10,000, ms', hundred, '1 statement', (_: number, count: number) => count === 1],
  ] as const) {
    const { statsMs, bareMs, ratio, statements } = await compareCounting(fleet.pool, fleet.subgraph, ids);
    const figure = `${shown(statsMs, 1)} against ${shown(bareMs, 1)} of count(*); ${statements} statement`;
    rows.push([what, figure, `${shown(ratio, 2)} ×`, goal]);
    answered(
      what,
      goal,
      `${shown(ratio, 2)} ×, ${statements} statement`,
      isMet(ratio, statements),
      `count(*): ${shown(bareMs, 1)} ms`,
    );
  }
  return { rows, plan: await countingPlan(fleet.pool, messageCountsSql(one).text, one) };
}

async function polls({ pool, subgraph }: Fleet): Promise<{ statements: string[]; rows: string[][] }> {
  const { rows } = await pool.query<{ id: string }>('SELECT chat_id AS id FROM chat_heartbeats LIMIT 100');
  const ids = rows.map((row) => row.id);
  await fillRecent(pool, ids);
  const all: Cost[] = [];
  for (const count of [1, 10, 100]) all.push(await pollCost(pool, subgraph, ids.slice(0, count)));
  const statements = all.map((cost) => shown(cost.statements, 1)).join(', ');
  const isSame = all.every((cost) => cost.statements === all[0]?.statements && cost.statements <= TABLES_SELECTED);
  answered('statements of a snapshot of 1, 10, 100 chats', 'the same, at most one a table', statements, isSame);
  const load = all.at(-1);
  if (load) {
    const counts = [
      `${shown(load.statements, 1)} statements`,
      `${shown(load.rows)} rows`,
      `${shown(load.buffers)} buffers`,
    ];
    const figure = [...counts, `${shown(load.cpuMs, 1)} ms CPU`].join(', ');
    const goal = `≤ ${shown(POLL_CPU_MS, 2)} ms CPU`;
    answered('one poll of a dashboard with 100 chats', goal, figure, load.cpuMs <= POLL_CPU_MS);
  }
  return {
    statements: [
      'statements that read a table, for 1, 10, 100 chats',
      statements,
      '',
      `the same, one for each of ${TABLES_SELECTED} tables`,
    ],
    rows: all.map((cost, i) => [
      ...[shown([1, 10, 100][i] ?? 0), shown(cost.statements, 1), shown(cost.allStatements, 1), shown(cost.rows)],
      ...[shown(cost.buffers), shown(cost.ms, 2), shown(cost.cpuMs, 1)],
    ]),
  };
}

/** Twenty messages in each. */
async function fillRecent(pool: pg.Pool, ids: readonly string[]): Promise<void> {
  await pool.query(
    `INSERT INTO chat_messages (chat_id, role) SELECT id, 'user' FROM unnest($1::uuid[]) AS id, generate_series(1, 20)`,
    [ids],
  );
  await pool.query('VACUUM ANALYZE chat_messages');
}

async function measure(large: OpenFleet, small: OpenFleet): Promise<void> {
  await fillFleet(small.pool, SMALL, AT_WORK);
  await fillFleet(large.pool, LARGE, AT_WORK);
  const walkedBefore = await rowsWalked(large.pool, TABLES);
  const suspects = await compareFleets(large, small);
  const others = await otherLists(large);
  await large.restart(); // with its connections end its counts
  const walked = (await rowsWalked(large.pool, TABLES)) - walkedBefore;
  answered('rows read by sequential scans, by all lists of chats', '0', shown(walked), walked === 0);
  const messages = await compareMessages(large);
  const poll = await polls(large);
  const writes = await compareWrites(large.pool);
  await fillFleet(large.pool, LARGE / 10, MANY_AT_WORK);
  const busy = await listCost(large, SUSPECT);
  printTable(
    'What do questions cost the database as chats and messages grow?',
    ['what', 'figure', 'ratio', 'goal'],
    [
      ...suspects,
      [`the same, ${shown(MANY_AT_WORK)} at work, ms in Postgres`, shown(busy.serverMs, 1), '', ''],
      ['rows read by sequential scans, by all lists', shown(walked), '', '0'],
      ...messages.rows,
      poll.statements,
    ],
  );
  printTable(
    `What do the first 100 of other lists cost among ${shown(LARGE)} chats?`,
    ['filter', 'found', 'ms in Postgres', 'ms over HTTP', 'buffers'],
    others,
  );
  printTable(
    'What does one poll of a dashboard cost? Means of 200.',
    ['chats', 'statements that read', 'all statements', 'rows', 'buffers', 'ms in Postgres', 'its CPU ms'],
    poll.rows,
  );
  const written = (what: string, cost: WriteCost) => [
    ...[what, shown(cost.microseconds), shown(cost.planningMicroseconds), shown(cost.walBytes), shown(cost.buffers, 1)],
  ];
  printTable(
    'What do the indexes of these lists cost a write? The statements alone, without the commit.',
    ['write', 'µs in Postgres', 'of them planning', 'WAL bytes', 'buffers'],
    [
      written('a step, without them', writes.without.step),
      written('a step', writes.with.step),
      written('the end of a turn and the begin of the next, without them', writes.without.turn),
      written('the end of a turn and the begin of the next', writes.with.turn),
    ],
  );
  console.log(['How messages are counted:', ...messages.plan].join('\n'));
}

async function otherLists(fleet: Fleet): Promise<string[][]> {
  const rows: string[][] = [];
  for (const filter of OTHER_FILTERS) {
    const { serverMs, ms, buffers, found } = await listCost(fleet, filter);
    rows.push([`\`${filter}\``, shown(found), shown(serverMs, 2), shown(ms, 1), shown(buffers)]);
  }
  return rows;
}

await withDatabase(
  async ({ url, pool }) => {
    await pool.query('CREATE DATABASE small');
    const large = await openFleet(url);
    const small = await openFleet(url.replace(/[^/]*$/, 'small'));
    try {
      await measure(large, small);
    } finally {
      await large.stop();
      await small.stop();
    }
  },
  { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' },
);
tell(answers);
