/**
 * Do lists and counts cost the same among ten times as many chats and messages?
 * Three fleets have the same hundred chats in trouble and the same hundred at work; the rest is at rest.
 */
import { fillFleet } from './database/fleet.ts';
import { fillMessages } from './database/messages.ts';
import { type OpenFleet, openFleet } from './database/openFleet.ts';
import { type Costs, countCosts, listCosts, middleOf, ratioOf } from './scale/costs.ts';
import { indexedAfter } from './scale/fill.ts';
import { sizesFor } from './scale/sizes.ts';
import { type BenchAnswer, tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { printTable, shown } from './support/table.ts';

const SMALL = 1_000;
const AT_WORK = 100;
const MESSAGES_EACH = 10_000;
/** Chats whose messages are counted, one after the other. */
const COUNTED = 20;
const GOAL = 1.3;
/** `md5('7')`: a user with ten chats, in each fleet. */
const ONE_USER = '8f14e45f-ceea-167a-5a36-dedd4bea2543';

const FILTERS = [
  ...['{}', '{ suspect: true }', '{ suspect: false }', '{ executionState: [W] }', '{ executionState: [E0] }'],
  ...['{ executionState: [INVALID] }', '{ owned: true }', '{ heartbeat: MISSING }', '{ heartbeat: STALE }'],
  `{ ownerId: "${ONE_USER}" }`,
];

const { large, middle, why } = sizesFor(process.argv[2]);
const answers: BenchAnswer[] = [];

/** Row of the table, with the answer to whether the goal is met. */
function row(what: string, costs: readonly Costs[]): string[] {
  const [ofLarge = [], ofMiddle = [], ofSmall] = costs;
  const ratio = ratioOf(ofLarge, ofMiddle, 'serverMs');
  const isMet = ratio <= GOAL;
  answers.push({ question: `${what}, in Postgres`, goal: `≤ ${GOAL} ×`, figure: `${shown(ratio, 2)} ×`, isMet });
  const all = ofSmall ? [ofSmall, ofMiddle, ofLarge] : [ofMiddle, ofLarge];
  const figures = (measure: 'serverMs' | 'buffers', digits: number) =>
    all.map((some) => shown(middleOf(some, measure), digits)).join(', ');
  return [
    ...[what, figures('serverMs', 2), figures('buffers', 0), `${shown(middleOf(ofLarge, 'ms'), 1)}`],
    ...[`${shown(ratioOf(ofLarge, ofMiddle, 'buffers'), 2)} ×`, `${shown(ratio, 2)} ×`, isMet ? 'met' : 'not met'],
  ];
}

async function fill(fleet: OpenFleet, chats: number): Promise<void> {
  await indexedAfter(fleet.pool, 'chats', () => fillFleet(fleet.pool, chats, AT_WORK));
}

async function withMessages(fleet: OpenFleet, messages: number) {
  const chats = messages / MESSAGES_EACH;
  const ids = await indexedAfter(fleet.pool, 'chat_messages', () => fillMessages(fleet.pool, chats, MESSAGES_EACH));
  const step = Math.max(1, Math.floor(ids.length / COUNTED));
  return { fleet, chatIds: ids.filter((_, i) => i % step === 0).slice(0, COUNTED) };
}

const sizeOf = async ({ pool }: OpenFleet): Promise<string> => {
  const { rows } = await pool.query<{ size: string }>(
    'SELECT pg_size_pretty(pg_database_size(current_database())) AS size',
  );
  return rows[0]?.size ?? '';
};

async function measure(fleets: readonly [OpenFleet, OpenFleet, OpenFleet]): Promise<void> {
  const [ofLarge, ofMiddle, ofSmall] = fleets;
  await fill(ofSmall, SMALL);
  await fill(ofMiddle, middle);
  await fill(ofLarge, large);
  const rows: string[][] = [];
  for (const filter of FILTERS) rows.push(row(`\`${filter}\``, await listCosts(fleets, filter)));
  const counted = [await withMessages(ofLarge, large), await withMessages(ofMiddle, middle)];
  const counts = [row(`\`messageStats\` of ${shown(MESSAGES_EACH)}`, await countCosts(counted))];
  const head = [
    'what',
    'ms in Postgres',
    'buffers',
    'ms over HTTP',
    'buffers, ratio',
    'ms, ratio',
    `goal, ≤ ${GOAL} ×`,
  ];
  printTable(`What do lists cost among ${shown(SMALL)}, ${shown(middle)} and ${shown(large)} chats?`, head, rows);
  printTable(`What does a count cost in a table of ${shown(middle)} and ${shown(large)} messages?`, head, counts);
  console.log(`Size on disk: ${await sizeOf(ofMiddle)} and ${await sizeOf(ofLarge)}.`);
}

console.log(why);
await withDatabase(
  async ({ url, pool }) => {
    const fleets: OpenFleet[] = [];
    try {
      for (const name of ['large', 'middle', 'small']) {
        await pool.query(`CREATE DATABASE ${name}`);
        fleets.push(await openFleet(url.replace(/[^/]*$/, name)));
      }
      await measure(fleets as [OpenFleet, OpenFleet, OpenFleet]);
    } finally {
      for (const fleet of fleets) await fleet.stop();
    }
  },
  {
    ...{ shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_planning': 'on' },
    // Filling writes some gigabytes once; what is measured only reads.
    ...{ fsync: 'off', wal_level: 'minimal', max_wal_senders: '0', maintenance_work_mem: '512MB', autovacuum: 'off' },
  },
);
tell(answers);
