/**
 * This gateway as it is in several checkouts, the first against each of the others, in the rounds of one run. Beside requests a second the
 * processor time of the gateway for one, which other work on the machine moves less.
 */
import { once } from 'node:events';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { processTimeMs } from '../support/processTime.ts';
import { median } from '../support/statistics.ts';
import { printTable, shown } from '../support/table.ts';
import type { Load, LoadResult } from './client.ts';
import { startOurs } from './contenders.ts';
import { start, stopAll } from './processes.ts';
import { SHAPES } from './shapes.ts';
import { startStubs } from './stubs.ts';

const [rounds = '5', seconds = '2', ...folders] = argv.slice(2);
const client = await start('./client.ts');
const stubs = await startStubs(3);
interface Result extends LoadResult {
  /** Of the gateway's processor time, user and system, for one request. */
  readonly microseconds: number;
}

interface Checkout {
  readonly one: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number | undefined;
  readonly results: readonly Result[][];
}
const checkouts: Checkout[] = [];
for (const one of folders) {
  const [folder = '', ...options] = one.split(',');
  const { url, headers, child } = await startOurs(stubs.database, {
    nodeOptions: options,
    folder: pathToFileURL(folder).href,
  });
  checkouts.push({ one, url, headers, pid: child.pid, results: SHAPES.map((): Result[] => []) });
}
for (let round = -1; round < Number(rounds); round += 1) {
  for (const [i, { query, variables }] of SHAPES.entries()) {
    for (const { url, headers, pid, results } of checkouts) {
      const body = JSON.stringify({ query, variables });
      const before = processTimeMs(pid);
      client.child.send({ url, headers, body, connections: 32, seconds: Number(seconds) } satisfies Load);
      const [{ result }] = (await once(client.child, 'message')) as [{ result: LoadResult }];
      if (result.failed > 0) throw new Error('Answers differ');
      const microseconds = ((processTimeMs(pid) - before) * 1_000) / (result.perSecond * Number(seconds));
      if (round >= 0) results[i]?.push({ ...result, microseconds }); // the first warms up
    }
  }
}
await stopAll();
const figure = (of: keyof Result, results: readonly Result[] = []) => median(results.map((result) => result[of]));
const against = (of: keyof Result, i: number, other: readonly Result[] = []) =>
  `${shown(median(other.map((result, r) => result[of] / (checkouts[0]?.results[i]?.[r]?.[of] ?? Number.NaN))), 2)} ×`;
const row = (of: keyof Result, { one, results }: Checkout) => [
  one,
  ...results.map((all, i) => `${shown(figure(of, all))}, ${against(of, i, all)}`),
];
const head = ['checkout', ...SHAPES.map(({ name }) => name)];
const condition = `and against the first row; medians of ${rounds} rounds of ${seconds} s`;
printTable(
  `Requests a second of this gateway, ${condition}`,
  head,
  checkouts.map((one) => row('perSecond', one)),
);
printTable(
  `Microseconds of its processor time a request, ${condition}`,
  head,
  checkouts.map((one) => row('microseconds', one)),
);
