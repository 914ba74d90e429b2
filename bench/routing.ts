/**
 * What does it cost that every chat's owner is asked? Fifty chats that three replicas own are asked beside fifty that
 * one owns.
 * The latter is one request to one server, as a plain subgraph would get.
 * First the system runs as users run it; then stubs answer from memory, and a hand-written handler does the same.
 */
import { argv } from 'node:process';
import { compareAnswers, type Question } from './gateway/compare.ts';
import { type Contender, startHandWritten, startOurs } from './gateway/contenders.ts';
import { type AskedProcess, type Asking, type CountedLatency, inLongTurns } from './gateway/latency.ts';
import { stopAll } from './gateway/processes.ts';
import { FIFTY_CHATS, fiftyEach } from './gateway/shapes.ts';
import { type Stubs, startDatabase, startReplicas, startStubs } from './gateway/stubs.ts';
import { startFleet } from './routing/fleet.ts';
import { tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const ROUNDS = Number(argv[2] ?? 5);
/** Milliseconds of each that is compared, in a round. */
const REAL_MS = 800;
const STUBS_MS = 600;
const REPLICAS = 3;
/** Milliseconds, about what a real replica needs for the fifty. */
const AWAY_MS = 3;
/** Ratio at most where nothing stands beside ours. */
const GOAL = 1.15;
/** Difference at most to the handler's own ratio. */
const MORE_THAN_HANDLER = 0.05;

const ONE_BY_ONE = { name: 'one at a time', connections: 1, turnMs: 100 };
const MANY = { name: '32 connections', connections: 32, turnMs: 400 };

/** Comparison of the chats of three with the chats of one. */
interface Row {
  readonly who: string;
  readonly over: string;
  readonly how: Asking & { readonly name: string };
  readonly three: readonly CountedLatency[];
  readonly one: readonly CountedLatency[];
}
const rows: Row[] = [];

/** The chats of three, and the chats of one. */
type Pair = readonly [AskedProcess, AskedProcess];

async function measure(over: string, how: Row['how'], pairs: readonly Pair[], ms: number): Promise<void> {
  const measured = pairs.map((asked) => ({
    ...{ asked, who: asked[0].name, over, how, three: [] as CountedLatency[], one: [] as CountedLatency[] },
  }));
  for (const { asked } of measured) await inLongTurns(asked, how, ms);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { asked, three, one } of measured) {
      const [ofThree, ofOne] = await inLongTurns(asked, how, ms);
      if (ofThree) three.push(ofThree);
      if (ofOne) one.push(ofOne);
    }
  }
  rows.push(...measured);
}

const { query } = FIFTY_CHATS;
const onThree: Question = { name: 'owned by three', query, variables: { chats: fiftyEach(1) } };
const onOne: Question = { name: 'owned by one', query, variables: { chats: fiftyEach(REPLICAS) } };

/** Pairs of this gateway, and of the handler. */
async function pairsOver(stubs: Stubs): Promise<Pair[]> {
  const [handler] = await startHandWritten(stubs);
  const contenders = [await startOurs(stubs.database), handler];
  for (const question of [onThree, onOne]) await compareAnswers(contenders, question);
  const about = (contender: Contender, { variables }: Question): AskedProcess => ({
    ...{ name: contender.name, contender, body: JSON.stringify({ query, variables }) },
  });
  return contenders.map((contender) => [about(contender, onThree), about(contender, onOne)]);
}

await withDatabase(async (database) => {
  try {
    const fleet = await startFleet(database);
    for (const how of [ONE_BY_ONE, MANY]) await measure('real replicas', how, [fleet], REAL_MS);
    await stopAll();
    const pairs = await pairsOver(await startStubs(REPLICAS));
    for (const how of [ONE_BY_ONE, MANY]) await measure('stubs', how, pairs, STUBS_MS);
    await stopAll();
    // Replicas as if each were on its own machine: they wait, and leave the processor to the others.
    const replicas = await startReplicas(Array(REPLICAS).fill(AWAY_MS));
    const away = await pairsOver({ database: await startDatabase(replicas), plain: '', replicas });
    await measure(`stubs that wait ${AWAY_MS} ms`, ONE_BY_ONE, away, STUBS_MS);
  } finally {
    await stopAll();
  }
});

const FIGURES = ['p50', 'p99', 'cpu'] as const;
/** Ratio of the rounds, three against one in each. */
const ratio = ({ three, one }: Row, of: keyof CountedLatency) =>
  median(three.map((latency, round) => latency[of] / (one[round]?.[of] ?? Number.NaN)));
const times = (value: number) => `${shown(value, 2)} ×`;
const middle = (rounds: readonly CountedLatency[], of: keyof CountedLatency) =>
  shown(median(rounds.map((round) => round[of])), 2);
const isOurs = ({ who }: Row) => who === 'this gateway';
/** Goal of a row of ours: what the handler's own ratio is, and a little; where no handler stands beside it, a fixed one. */
function goalOf({ over, how }: Row, of: keyof CountedLatency) {
  const handler = rows.find((other) => !isOurs(other) && other.over === over && other.how === how);
  if (!handler) return { most: GOAL, goal: `≤ ${GOAL} × latency` };
  const own = ratio(handler, of);
  return { most: own + MORE_THAN_HANDLER, goal: `≤ that of the ${handler.who}, ${times(own)}, + ${MORE_THAN_HANDLER}` };
}
printTable(
  `50 chats of three replicas / of one, in milliseconds, and the first against the second; medians of ${ROUNDS} rounds`,
  ['who, over what, asked how', 'p50', 'p99', 'its CPU', 'p50', 'p99', 'its CPU', 'goal'],
  rows.map((row) => [
    `${row.who}, ${row.over}, ${row.how.name}`,
    ...FIGURES.map((of) => `${middle(row.three, of)} / ${middle(row.one, of)}`),
    ...FIGURES.map((of) => times(ratio(row, of))),
    isOurs(row) ? goalOf(row, 'p50').goal : '',
  ]),
);
tell(
  rows.filter(isOurs).flatMap((row) =>
    (['p50', 'p99'] as const).map((of) => {
      const { most, goal } = goalOf(row, of);
      return {
        question: `50 chats on 3 replicas against 50 on one, ${row.over}, ${row.how.name}, ${of}`,
        ...{ goal, figure: times(ratio(row, of)), isMet: ratio(row, of) <= most },
      };
    }),
  ),
);
