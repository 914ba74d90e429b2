/** This gateway as it is in several checkouts, the first against each of the others, in the rounds of one run. */
import { once } from 'node:events';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
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
interface Checkout {
  readonly one: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly results: readonly LoadResult[][];
}
const checkouts: Checkout[] = [];
for (const one of folders) {
  const [folder = '', ...options] = one.split(',');
  const { url, headers } = await startOurs(stubs.database, {
    nodeOptions: options,
    folder: pathToFileURL(folder).href,
  });
  checkouts.push({ one, url, headers, results: SHAPES.map((): LoadResult[] => []) });
}
for (let round = -1; round < Number(rounds); round += 1) {
  for (const [i, { query, variables }] of SHAPES.entries()) {
    for (const { url, headers, results } of checkouts) {
      const body = JSON.stringify({ query, variables });
      client.child.send({ url, headers, body, connections: 32, seconds: Number(seconds) } satisfies Load);
      const [{ result }] = (await once(client.child, 'message')) as [{ result: LoadResult }];
      if (result.failed > 0) throw new Error('Answers differ');
      if (round >= 0) results[i]?.push(result); // the first warms up
    }
  }
}
await stopAll();
const rate = (results: readonly LoadResult[] = []) => shown(median(results.map(({ perSecond }) => perSecond)));
const against = (i: number, other: readonly LoadResult[] = []) =>
  `${shown(median(other.map(({ perSecond }, r) => perSecond / (checkouts[0]?.results[i]?.[r]?.perSecond ?? Number.NaN))), 2)} ×`;
printTable(
  `Requests a second of this gateway, and against the first row; medians of ${rounds} rounds of ${seconds} s`,
  ['checkout', ...SHAPES.map(({ name }) => name)],
  checkouts.map(({ one, results }) => [one, ...results.map((of, i) => `${rate(of)}, ${against(i, of)}`)]),
);
