/**
 * What do people get, from their request to Postgres and back? The built gateway and database subgraph over a real Postgres, in
 * both forms, beside a handler that asks the same with `pg` by hand, and beside an earlier commit of this project. Replicas
 * answer from memory, the same for all.
 */
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { compareAnswers } from './gateway/compare.ts';
import { type Contender, ourEnvironment, startBareAndBehindEdge, startOurs } from './gateway/contenders.ts';
import { type Asked, inTurns, type Latency } from './gateway/latency.ts';
import { CONNECTIONS, type Measured, measure } from './gateway/measure.ts';
import { start, stopAll } from './gateway/processes.ts';
import { FIFTY_CHATS, halves, SHAPES, type Shape } from './gateway/shapes.ts';
import { startReplicas } from './gateway/stubs.ts';
import { type BenchAnswer, tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';
import { type Checkout, checkOut } from './wholeWay/earlier.ts';
import { fill } from './wholeWay/filled.ts';
import type { HandlerSpec, StatementName } from './wholeWay/handler.ts';

const ROUNDS = Number(argv[2] ?? 5);
const SECONDS = Number(argv[3] ?? 1);
/** A commit, or a folder with one. */
const EARLIER = argv[4] ?? 'fa37945';
const WARM_UP_SECONDS = 1.5;
const REQUESTS_ALONE = 60;
const ROUNDS_ALONE = 3;

interface Goals {
  readonly inProcess: number;
  readonly overHttp: number;
  readonly earlier: number;
}

interface Question extends Shape {
  readonly statement: StatementName;
  /** Requests a second, at least so many times those of the handler, and of the earlier commit. */
  readonly goals: Goals;
}

const [FIELD] = SHAPES as [Shape];
const SNAPSHOT_TEXT = readFileSync(new URL('wholeWay/snapshot.graphql', import.meta.url), 'utf8');
const QUESTIONS: readonly Question[] = [
  { ...FIELD, statement: 'field', goals: { inProcess: 0.35, overHttp: 0.2, earlier: 3.5 } },
  {
    ...{ name: 'the whole snapshot of one chat', query: SNAPSHOT_TEXT, variables: FIELD.variables },
    ...{ calls: halves(SNAPSHOT_TEXT), statement: 'snapshot', goals: { inProcess: 0.4, overHttp: 0.25, earlier: 3 } },
  },
  { ...FIFTY_CHATS, statement: 'fifty', goals: { inProcess: 0.5, overHttp: 0.35, earlier: 2.5 } },
];

/** A contender, and all processes that answer with it. */
interface Way extends Contender {
  readonly pids: readonly (number | undefined)[];
}

/** Handler by hand: by Node's server alone, and behind our edge. */
async function startHandlers(databaseUrl: string): Promise<Way[]> {
  const calls = QUESTIONS.map(({ query, statement, calls: { runtime } }) => [query, { statement, runtime }]);
  const message: HandlerSpec = { databaseUrl, calls: Object.fromEntries(calls) };
  const handlers = await startBareAndBehindEdge(new URL('wholeWay/handler.ts', import.meta.url).href, message);
  return handlers.map((handler) => ({ ...handler, pids: [handler.child.pid] }));
}

/** Ours, or those of a checkout, with the database subgraph in process and over HTTP. */
async function startBoth(databaseUrl: string, checkout?: Checkout): Promise<[inProcess: Way, overHttp: Way]> {
  const folder = checkout && { folder: checkout.url };
  const label = checkout ? `${checkout.name}, ` : '';
  const environment = { ...ourEnvironment(''), DATABASE_URL: databaseUrl };
  const here = await startOurs('', { ...folder, settings: { ...environment, DATABASE_SUBGRAPH_URL: 'in-process' } });
  const root = checkout ? `${checkout.url}/` : new URL('..', import.meta.url).href;
  const subgraph = await start(new URL('dist/database.js', root).href, {
    ...{ environment: { ...environment, DATABASE_SUBGRAPH_PORT: '0' }, isQuiet: true },
  });
  const front = await startOurs(subgraph.url, { ...folder });
  return [
    { ...here, name: `${label}in process`, pids: [here.child.pid] },
    { ...front, name: `${label}over HTTP`, pids: [front.child.pid, subgraph.child.pid] },
  ];
}

type Results = ReadonlyMap<Question, ReadonlyMap<Way, readonly Measured[]>>;

async function measureAll(ways: readonly Way[]): Promise<Results> {
  const client = await start('./client.ts');
  const load = (way: Way, question: Question, seconds: number) =>
    measure(client.child, way, question, seconds, way.pids);
  for (const question of QUESTIONS) for (const way of ways) await load(way, question, WARM_UP_SECONDS);
  const results = new Map(QUESTIONS.map((question) => [question, new Map(ways.map((way) => [way, [] as Measured[]]))]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [question, of] of results) {
      for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
        of.get(way)?.push(await load(way, question, SECONDS));
      }
    }
  }
  return results;
}

/** Milliseconds of one request at a time; of each way its rounds. */
async function measureAlone(ways: readonly Way[], { query, variables }: Question): Promise<readonly Latency[][]> {
  const asked = ways.map((way): Asked => ({ ...way, contender: way, body: JSON.stringify({ query, variables }) }));
  return inTurns(asked, ROUNDS_ALONE, REQUESTS_ALONE);
}

/** How the first stands to the second, of each round, in the middle. */
const ratioOf = (first: readonly number[], second: readonly number[]) =>
  median(first.map((one, i) => one / (second[i] ?? Number.NaN)));

function print(ways: readonly Way[], question: Question, results: Results, alone: readonly Latency[][]): void {
  const of = (way: Way | undefined, key: keyof Measured) =>
    (way ? (results.get(question)?.get(way) ?? []) : []).map((one) => one[key]);
  const p50 = (i: number) => (alone[i] ?? []).map((one) => one.p50);
  const times = (value: number) => (Number.isNaN(value) ? '' : `${shown(value, 2)} ×`);
  const [handler, edge, inProcess, overHttp, before, beforeOverHttp] = ways;
  printTable(
    `${question.name}: ${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${SECONDS} s; and one request at a time`,
    [
      ...['way', 'requests a second', 'p50, ms', 'p99, ms', 'processor, ms a request', 'p50 alone, ms'],
      ...['against the handler', 'p50 alone against it'],
    ],
    ways.map((way, i) => [
      ...[way.name, shown(median(of(way, 'perSecond'))), shown(median(of(way, 'p50Ms')), 1)],
      ...[shown(median(of(way, 'p99Ms')), 1), shown(median(of(way, 'microseconds')) / 1_000, 2)],
      ...[shown(median(p50(i)), 1), times(ratioOf(of(way, 'perSecond'), of(handler, 'perSecond')))],
      times(ratioOf(p50(i), p50(0))),
    ]),
  );
  const against = (name: string, ours: Way | undefined, other: Way | undefined, goal: number) => {
    const ratio = ratioOf(of(ours, 'perSecond'), of(other, 'perSecond'));
    return {
      ...{ question: `${question.name}, the whole way, ${name}`, goal: `≥ ${goal} × requests a second` },
      ...{ figure: times(ratio), isMet: ratio >= goal },
      peers: `${shown(median(of(ours, 'perSecond')))} against ${shown(median(of(other, 'perSecond')))} a second`,
    };
  };
  const { goals } = question;
  const answers: BenchAnswer[] = [
    against('in process against a handler by hand', inProcess, handler, goals.inProcess),
    against('over HTTP against a handler by hand', overHttp, handler, goals.overHttp),
    ...(before ? [against(`in process against ${EARLIER}`, inProcess, before, goals.earlier)] : []),
    ...(beforeOverHttp ? [against(`over HTTP against ${EARLIER}`, overHttp, beforeOverHttp, goals.earlier)] : []),
  ];
  const limit = ratioOf(of(edge, 'perSecond'), of(handler, 'perSecond'));
  const share = ratioOf(of(inProcess, 'perSecond'), of(edge, 'perSecond'));
  answers.push({
    question: `${question.name}, the whole way, the limit: that handler behind our edge, against the bare one`,
    ...{ goal: '', figure: times(limit), peers: `ours in process against it ${times(share)}` },
  });
  if (question.statement === 'snapshot') {
    const ratio = ratioOf(p50(2), p50(0));
    answers.push({
      ...{ question: `${question.name}, one request at a time, against a handler by hand`, goal: '≤ 2 × p50' },
      ...{ figure: times(ratio), isMet: ratio <= 2, peers: `${shown(median(p50(0)), 1)} ms` },
    });
  }
  tell(answers);
}

const earlier = checkOut(EARLIER);
try {
  await withDatabase(async ({ url, pool }) => {
    await fill(pool, await startReplicas([0, 0, 0]));
    try {
      const ways = [...(await startHandlers(url)), ...(await startBoth(url))];
      if (earlier) ways.push(...(await startBoth(url, earlier)));
      for (const question of QUESTIONS) await compareAnswers(ways, question);
      const results = await measureAll(ways);
      for (const question of QUESTIONS) print(ways, question, results, await measureAlone(ways, question));
    } finally {
      await stopAll();
    }
  });
} finally {
  earlier?.remove();
}
