/**
 * This gateway in several checkouts, the first against each of the others, in the rounds of one run.
 * It measures requests a second, and the gateway's processor time for one, which other work moves less.
 */
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { median } from '../support/statistics.ts';
import { printTable, shown } from '../support/table.ts';
import { type Contender, startOurs } from './contenders.ts';
import { type Measured, measure } from './measure.ts';
import { start, stopAll } from './processes.ts';
import { SHAPES } from './shapes.ts';
import { startStubs } from './stubs.ts';

const [rounds = '5', seconds = '2', ...folders] = argv.slice(2);
const client = await start('./client.ts');
const stubs = await startStubs(3);
interface Checkout {
  readonly one: string;
  readonly gateway: Contender;
  readonly results: readonly Measured[][];
}
const checkouts: Checkout[] = [];
for (const one of folders) {
  const [folder = '', ...options] = one.split(',');
  const gateway = await startOurs(stubs.database, { nodeOptions: options, folder: pathToFileURL(folder).href });
  checkouts.push({ one, gateway, results: SHAPES.map((): Measured[] => []) });
}
for (let round = -1; round < Number(rounds); round += 1) {
  for (const [i, shape] of SHAPES.entries()) {
    for (const { gateway, results } of checkouts) {
      const measured = await measure(client.child, gateway, shape, Number(seconds));
      if (round >= 0) results[i]?.push(measured); // the first warms up
    }
  }
}
await stopAll();
const figure = (of: keyof Measured, results: readonly Measured[] = []) => median(results.map((result) => result[of]));
const against = (of: keyof Measured, i: number, other: readonly Measured[] = []) =>
  `${shown(median(other.map((result, r) => result[of] / (checkouts[0]?.results[i]?.[r]?.[of] ?? Number.NaN))), 2)} ×`;
const row = (of: keyof Measured, { one, results }: Checkout) => [
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
