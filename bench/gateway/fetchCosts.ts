/**
 * Cost of a fetch from its plan to its answer, in several checkouts: processor time of this process, which asks the
 * stubs.
 * Checkouts take short turns, so that other work on the machine falls on all alike.
 */
import { readFileSync } from 'node:fs';
import { argv, cpuUsage } from 'node:process';
import { pathToFileURL } from 'node:url';
import { systemClock as clock } from '../../common/clock.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import { median } from '../support/statistics.ts';
import { printTable, shown } from '../support/table.ts';
import { stopAll } from './processes.ts';
import { SHAPES } from './shapes.ts';
import { startStubs } from './stubs.ts';

const AT_ONCE = 16;
const FETCHES = 160;
const LIMIT_MS = 20_000;
const [rounds = '20', ...folders] = argv.slice(2);

interface Fetch {
  readonly name: string;
  /** One for each checkout. */
  readonly works: (() => Promise<{ readonly data?: unknown }>)[];
  readonly microseconds: number[][];
}

const stubs = await startStubs(3);
const log = { info: () => {}, warn: console.error, error: console.error };
const caller = { sub: 'a-bench', roles: [READ_ALL] };
const internalSecret = 'a secret for this bench alone, long enough';
const fetches: Fetch[] = [];
const add = (name: string, work: Fetch['works'][number]) => {
  const fetch = fetches.find((one) => one.name === name) ?? { name, works: [], microseconds: [] };
  if (!fetches.includes(fetch)) fetches.push(fetch);
  fetch.works.push(work);
  fetch.microseconds.push([]);
};

for (const folder of folders) {
  const load = (file: string) => import(`${pathToFileURL(folder).href}/routing/${file}`);
  const { databaseOverHttp } = await load('transport/databaseSubgraph.ts');
  const { asksOver } = await load('transport/subgraphAnswer.ts');
  const { makeReplicas } = await load('replicas.ts');
  const { readRouting } = await load('routedTypes.ts');
  const url = `${stubs.database}/graphql`;
  const database = databaseOverHttp({ url, internalSecret, databaseTimeoutMs: LIMIT_MS });
  const shared = { internalSecret, timeoutMs: LIMIT_MS, clock, log };
  const replicas = makeReplicas({ ...shared, database, addressAllow: ['127.0.0.0/8'] });
  const routing = readRouting(readFileSync(`${folder}/gateway/supergraph.graphql`, 'utf8')).get('runtime');
  const route = replicas.router(routing);
  const source = asksOver('database', database.ask, log);
  const context = (): RoutingContext => ({
    ...{ ...replicas.newRequest(), caller, requestId: 'a-request' },
    signal: new AbortController().signal,
  });
  for (const { name, calls, variables } of SHAPES) {
    const request = { query: calls.database, variables };
    const fromDatabase = () => source(request, context());
    add(`${name}: from the database`, fromDatabase);
    if (!calls.runtime) continue;
    const { data } = await fromDatabase();
    const chats = Object.values(data).flat() as { runtime: object }[];
    const representations = () => chats.map(({ runtime }) => ({ __typename: 'ChatRuntime', ...runtime }));
    add(`${name}: from the replicas`, () =>
      route({ query: calls.runtime, variables: { representations: representations() } }, context()),
    );
  }
}

async function turn(work: Fetch['works'][number]): Promise<number> {
  const begun = cpuUsage();
  let left = FETCHES;
  const worker = async () => {
    for (; left > 0; left -= 1) if (!(await work()).data) throw new Error('There was no answer');
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const { user, system } = cpuUsage(begun);
  return (user + system) / FETCHES;
}

for (const { works, microseconds } of fetches) {
  for (let round = -10; round < Number(rounds); round += 1) {
    for (const [f, work] of works.entries()) {
      const spent = await turn(work);
      if (round >= 0) microseconds[f]?.push(spent); // the first warm up
    }
  }
}
await stopAll();
printTable(
  `Microseconds of processor time for a fetch, and how often it fits into that of the first; medians of ${rounds} turns`,
  ['fetch', ...folders],
  fetches.map(({ name, microseconds }) => [
    name,
    ...microseconds.map((of) => `${shown(median(of), 1)}, ${shown(median(microseconds[0] ?? []) / median(of), 2)} ×`),
  ]),
);
process.exit(0);
