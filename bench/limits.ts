/**
 * How long does one query of up to 20 kB hold up everybody else?
 * A real gateway runs in this process; the client, the database subgraph and three replicas run in another.
 * While the gateway answers, this thread counts how long it cannot be interrupted.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { SignJWT } from 'jose';
import { systemClock as clock } from '../common/clock.ts';
import { LIMITS } from '../gateway/queries/documentLimits.ts';
import { startGateway } from '../gateway/server.ts';
import { databaseOverHttp } from '../routing/transport/databaseSubgraph.ts';
import { makeLogger } from '../server/log.ts';
import { settings } from '../server/settings/settings.ts';
import { READ_ALL } from '../server/tokens/internalToken.ts';
import { clientSchema } from '../test/support/clientSchema.ts';
import { HOSTILE, largest } from './support/hostileQueries.ts';
import { RANDOM_VARIABLES, randomQueries } from './support/randomQueries.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const SECRET = 'a secret for this bench alone, long enough';
const SIZES = [500, 1_000, 2_000, 4_000, 8_000, LIMITS.characters - 20];
const RANDOM = Number(process.argv[2] ?? 300);
const SEED = Number(process.argv[3] ?? 1);
const REPEATS = 3;
const SHOWN = 12;

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
}

interface Result {
  readonly name: string;
  readonly characters: number;
  readonly answer: Answer;
  /** The longest stretch of each time it was asked, in milliseconds. */
  readonly blocksMs: number[];
}

const stub = fork(new URL('./support/stubSubgraphs.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
const [stubUrl] = (await once(stub, 'message')) as [string];
const log = makeLogger('gateway', 'silent');
const gateway = await startGateway({
  ...{ host: '127.0.0.1', port: 0, clock, log },
  openDatabase: () =>
    databaseOverHttp({ url: `${stubUrl}/database/graphql`, internalSecret: SECRET, databaseTimeoutMs: 20_000 }),
  ...{ replicas: { timeoutMs: 20_000, addressAllow: ['127.0.0.0/8'] }, corsOrigins: [] },
  ...{
    maxCost: settings.MAX_COST.parse(undefined),
    rateLimitPerMinute: 0,
    mutationRateLimitPerMinute: 0,
    mcpRateLimitPerMinute: 0,
    streams: { perCaller: 8, max: 500 },
  },
  diagnosis: {
    ...{ staleAfterSeconds: 30, heartbeatIntervalSeconds: 9 },
    ...{ acquisitionIntervalSeconds: 5, noProgressSeconds: 60 },
  },
  ...{ authSecret: SECRET, internalSecret: SECRET },
});
const token = await new SignJWT({ exp: 99_999_999_999, sub: 'a-bench', roles: [READ_ALL] })
  .setProtectedHeader({ alg: 'HS256' })
  .sign(new TextEncoder().encode(SECRET));

/**
 * Measures the time between two turns of the event loop, or this process's processor time in between if that is less.
 * Time that other processes take is not the gateway's.
 */
function watch(): () => number {
  let longest = 0;
  let last = clock.monotonicMs();
  let used = process.cpuUsage();
  let watching = true;
  const turn = () => {
    const now = clock.monotonicMs();
    const { user, system } = process.cpuUsage(used);
    longest = Math.max(longest, Math.min(now - last, (user + system) / 1_000));
    last = now;
    used = process.cpuUsage();
    if (watching) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    watching = false;
    return longest;
  };
}

async function ask(query: string, variables: unknown): Promise<{ answer: Answer; blockMs: number }> {
  const body = JSON.stringify({ query, variables });
  const stop = watch();
  stub.send({ to: `${gateway.url}/graphql`, token, body });
  const [answer] = (await once(stub, 'message')) as [Answer];
  return { answer, blockMs: stop() };
}

let asked = 0;
async function measure(name: string, query: string, variables: unknown = {}): Promise<Result> {
  const results = [];
  for (let i = 0; i < REPEATS; i += 1) {
    asked += 1;
    results.push(await ask(`${query} #${asked}`, variables)); // another text: nothing is found in a cache
  }
  const answer = results[0]?.answer ?? { status: 0 };
  return { name, characters: query.length, answer, blocksMs: results.map(({ blockMs }) => blockMs) };
}

const results: Result[] = [];
for (const [name, shape] of Object.entries(HOSTILE)) {
  for (const size of SIZES) results.push(await measure(name, largest(shape, size)));
}
const schema = await clientSchema();
for (const [i, query] of randomQueries(schema, SEED, RANDOM, LIMITS.characters - 20).entries()) {
  results.push(await measure(`random ${SEED}/${i}`, query, RANDOM_VARIABLES));
}
await gateway.stop();
stub.kill();

const worst = (ms: readonly number[]) => Math.max(...ms);
const kinds: [string, (result: Result) => boolean][] = [
  ['refused by the limits', ({ answer }) => answer.code === 'QUERY_TOO_COMPLEX'],
  [
    'refused for what they say (parser, validation, input)',
    ({ answer }) => answer.status === 400 && answer.code !== 'QUERY_TOO_COMPLEX',
  ],
  ['accepted', ({ answer }) => answer.status !== 400],
];
for (const [what, belongs] of kinds) {
  const found = results.filter(belongs).sort((a, b) => median(b.blocksMs) - median(a.blocksMs));
  printTable(
    `Queries ${what}: ${found.length}, the worst of which held the event loop for`,
    ['query', 'characters', 'status, code', `ms, median of ${REPEATS}`, 'worst'],
    found
      .slice(0, SHOWN)
      .map(({ name, characters, answer, blocksMs }) => [
        name,
        shown(characters),
        `${answer.status} ${answer.code ?? ''}`,
        shown(median(blocksMs), 1),
        shown(worst(blocksMs), 1),
      ]),
  );
}
