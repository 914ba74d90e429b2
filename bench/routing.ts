/**
 * What does it cost that every chat's owner is asked? Fifty chats that three replicas own, beside fifty that one owns, through the same
 * gateway: one request to one server is what a plain subgraph would be asked. Others ask one plain server.
 */
import { argv } from 'node:process';
import { compareAnswers, type Question } from './gateway/compare.ts';
import { type Contender, startHandWritten, startHive, startOurs, startStock } from './gateway/contenders.ts';
import { type Asked, inTurns, type Latency } from './gateway/latency.ts';
import { stopAll } from './gateway/processes.ts';
import { FIFTY_CHATS, fiftyEach } from './gateway/shapes.ts';
import { startStubs } from './gateway/stubs.ts';
import { tell } from './support/answers.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const ROUNDS = 5;
const REQUESTS = Number(argv[2] ?? 200);
const WARM_UP = 300;
const REPLICAS = 3;
const GOAL = 1.15;

const stubs = await startStubs(REPLICAS);
const ours = await startOurs(stubs.database);
const handler = await startHandWritten(stubs);
const peers = [await startStock(stubs), await startHive(stubs)];

const { query } = FIFTY_CHATS;
const onThree: Question = { name: 'owned by three', query, variables: { chats: fiftyEach(1) } };
const onOne: Question = { name: 'owned by one', query, variables: { chats: fiftyEach(REPLICAS) } };
for (const question of [onThree, onOne]) await compareAnswers([ours, handler, ...peers], question);

const asked = (contender: Contender, { name, variables }: Question): Asked => ({
  ...{ name: `${contender.name}, ${name}`, contender, body: JSON.stringify({ query, variables }) },
});
const all = [
  ...[asked(ours, onThree), asked(ours, onOne), asked(handler, onThree), asked(handler, onOne)],
  ...peers.map((peer) => asked(peer, { ...onThree, name: 'one plain server' })),
];
await inTurns(all, 1, WARM_UP);
const results = await inTurns(all, ROUNDS, REQUESTS);
await stopAll();

const figure = (i: number, of: keyof Latency) => median((results[i] ?? []).map((round) => round[of]));
/** Of the rounds, each of the first against each of the second. */
const ratio = (i: number, j: number, of: keyof Latency) =>
  median((results[i] ?? []).map((round, r) => round[of] / (results[j]?.[r]?.[of] ?? Number.NaN)));
const times = (value: number) => `${shown(value, 2)} ×`;
printTable(
  `50 chats, one request at a time, medians of ${ROUNDS} rounds of ${REQUESTS} requests each`,
  ['who, and whose the chats are', 'p50, ms', 'p99, ms', 'p50 against one replica', 'p99', 'goal'],
  all.map(({ name }, i) => {
    const against = i === 0 || i === 2 ? [times(ratio(i, i + 1, 'p50')), times(ratio(i, i + 1, 'p99'))] : ['', ''];
    return [name, shown(figure(i, 'p50'), 2), shown(figure(i, 'p99'), 2), ...against, i === 0 ? `≤ ${GOAL} ×` : ''];
  }),
);
tell(
  (['p50', 'p99'] as const).map((of) => ({
    question: `50 chats on 3 replicas against 50 on one, ${of}`,
    goal: `≤ ${GOAL} × latency`,
    figure: times(ratio(0, 1, of)),
    peers: `hand-written handler ${times(ratio(2, 3, of))}`,
    isMet: ratio(0, 1, of) <= GOAL,
  })),
);
