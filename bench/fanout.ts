/**
 * How long does a question to a hundred replicas take, each of which waits before it answers? And if some never answer?
 * One such replica is asked beside them, through the same gateway and directly.
 * Each round has a new gateway: its first request finds no connection, no directory, and no compiled code.
 */
import { argv } from 'node:process';
import * as z from 'zod';
import { type Contender, startOurs } from './gateway/contenders.ts';
import { type Asked, ask } from './gateway/latency.ts';
import { stopAll, stopOne } from './gateway/processes.ts';
import { startDatabase, startReplicas } from './gateway/stubs.ts';
import { tell } from './support/answers.ts';
import { median, percentile } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const ROUNDS = Number(argv[2] ?? 5);
const WARM_UP = 30;
const REQUESTS = 40;
const REPLICAS = 100;
const HUNG = 5;
const DELAY_MS = 50;
const DEADLINE_MS = 1_000;
/** Failures in a row after which a replica is left alone for a while. */
const FAILURES = 5;
const NEVER = -1;

const replicas = await startReplicas([...Array(REPLICAS).fill(DELAY_MS), ...Array(HUNG).fill(NEVER)]);
const well = await startDatabase(replicas.slice(0, REPLICAS));
const someHung = await startDatabase(replicas.slice(HUNG));
const [first] = replicas;
if (!first) throw new Error('There is no replica.');

const FIELDS = 'runtime { reachability { status } runnerCount }';
const to = (contender: Contender, query: string): Asked => ({
  ...{ name: query, contender, body: JSON.stringify({ query }) },
});
const askAll = (gateway: Contender) => to(gateway, `{ replicas { ${FIELDS} } }`);
const askOne = (gateway: Contender) => to(gateway, `{ replica(id: "${first.id}") { ${FIELDS} } }`);
const directly: Asked = {
  name: 'one replica, directly',
  contender: { url: `${first.relayAddress}/graphql`, headers: { 'content-type': 'application/json' } },
  body: JSON.stringify({
    query: `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ReplicaRuntime { runnerCount } } }`,
    variables: { representations: [{ __typename: 'ReplicaRuntime', workerId: first.id }] },
  }),
};

const answer = z.object({
  data: z.object({
    replicas: z.array(z.object({ runtime: z.object({ reachability: z.object({ status: z.string() }) }) })),
  }),
});

/** Milliseconds until the answer. @param least so many replicas at least must be said to be in this status */
async function timeAll(gateway: Contender, least: number, status: string): Promise<number> {
  const { ms, text } = await ask(askAll(gateway));
  const counts = new Map<string, number>();
  for (const { runtime } of answer.parse(JSON.parse(text)).data.replicas) {
    counts.set(runtime.reachability.status, (counts.get(runtime.reachability.status) ?? 0) + 1);
  }
  if ((counts.get(status) ?? 0) < least) {
    throw new Error(`Not what was expected of the replicas: ${JSON.stringify([...counts])}`);
  }
  return ms;
}

/** Milliseconds of each round. */
const found = {
  ...{
    direct: [] as number[],
    one: [] as number[],
    oneCold: [] as number[],
    all: [] as number[],
    slow: [] as number[],
  },
  ...{ allCold: [] as number[], hung: [] as number[], hungCold: [] as number[], alone: [] as number[] },
};

async function roundOfWell(): Promise<void> {
  for (const coldOne of [true, false]) {
    const gateway = await startOurs(well);
    if (coldOne) found.oneCold.push((await ask(askOne(gateway))).ms);
    else found.allCold.push(await timeAll(gateway, REPLICAS, 'OK'));
    if (!coldOne) {
      for (let i = 0; i < WARM_UP; i += 1) await timeAll(gateway, REPLICAS, 'OK');
      const [direct, one, all]: number[][] = [[], [], []];
      for (let i = 0; i < REQUESTS; i += 1) {
        direct?.push((await ask(directly)).ms);
        one?.push((await ask(askOne(gateway))).ms);
        all?.push(await timeAll(gateway, REPLICAS, 'OK'));
      }
      found.direct.push(median(direct ?? []));
      found.one.push(median(one ?? []));
      found.all.push(median(all ?? []));
      found.slow.push(percentile(all ?? [], 0.99));
    }
    await stopOne(gateway.child);
  }
}

/** Waits for the hanging replicas until each has failed often enough. From then on they are tried once a second. */
async function roundOfHung(): Promise<void> {
  const gateway = await startOurs(someHung, { settings: { REPLICA_TIMEOUT_MS: String(DEADLINE_MS) } });
  found.hungCold.push(await timeAll(gateway, HUNG, 'TIMED_OUT'));
  const hung: number[] = [];
  for (let i = 1; i < FAILURES; i += 1) hung.push(await timeAll(gateway, HUNG, 'TIMED_OUT'));
  found.hung.push(Math.max(...hung));
  found.alone.push(await timeAll(gateway, HUNG, 'CIRCUIT_OPEN'));
  await stopOne(gateway.child);
}

for (let round = 0; round < ROUNDS; round += 1) {
  await roundOfWell();
  await roundOfHung();
}
await stopAll();

const goalOfAll = `≤ 3 × one`;
const goalOfHung = `≤ ${shown(DEADLINE_MS + 50)} ms`;
const [direct, oneCold] = [median(found.direct), median(found.oneCold)];
const times = (ms: number, one: number) => `${shown(ms / one, 2)} ×`;
const row = (what: string, ms: number, goal = '', one = direct) => [what, shown(ms, 1), times(ms, one), goal];
printTable(
  `${REPLICAS} replicas, each of which waits ${DELAY_MS} ms; medians of ${ROUNDS} rounds`,
  ['asked', 'ms', 'against one', 'goal'],
  [
    row('one replica, directly', direct),
    row('one replica, through the gateway', median(found.one)),
    row('one replica, first request after start', oneCold, '', oneCold),
    row(`${REPLICAS} replicas`, median(found.all), goalOfAll),
    row(`${REPLICAS} replicas, p99`, median(found.slow)),
    row(`${REPLICAS} replicas, first request after start`, median(found.allCold), goalOfAll, oneCold),
    row(`${HUNG} of them hung, longest of ${FAILURES - 1}`, median(found.hung), goalOfHung),
    row(`${HUNG} of them hung, first request after start`, median(found.hungCold), goalOfHung),
    row(`${HUNG} of them hung, and left alone by now`, median(found.alone)),
  ],
);
tell([
  {
    ...{ question: `fan-out to ${REPLICAS} replicas that wait ${DELAY_MS} ms`, goal: goalOfAll },
    ...{ figure: `${times(median(found.all), direct)}, ${shown(median(found.all))} ms` },
    isMet: median(found.all) <= 3 * direct,
  },
  {
    ...{ question: 'the same, first request after start, against such a one to one replica', goal: goalOfAll },
    ...{ figure: `${times(median(found.allCold), oneCold)}, ${shown(median(found.allCold))} ms` },
    isMet: median(found.allCold) <= 3 * oneCold,
  },
  ...(
    [
      ['', found.hung],
      [', first request after start', found.hungCold],
    ] as const
  ).map(([when, rounds]) => ({
    ...{ question: `the same, ${HUNG} of them hung${when}`, goal: goalOfHung },
    ...{ figure: `${shown(median(rounds))} ms`, isMet: median(rounds) <= DEADLINE_MS + 50 },
  })),
]);
