/**
 * How many requests a second does one gateway process answer, and how long do they take?
 * It is compared with other gateways, and with a handler that makes the same calls.
 * Everything is a process of its own, and subgraphs answer from memory. All gateways must give the same answers before
 * any is measured.
 */
import { argv } from 'node:process';
import { compareAnswers } from './gateway/compare.ts';
import { type Contender, startHandWritten, startHive, startOurs, startStock } from './gateway/contenders.ts';
import { CONNECTIONS, type Measured, measure } from './gateway/measure.ts';
import { start, stopAll } from './gateway/processes.ts';
import { SHAPES } from './gateway/shapes.ts';
import { startStubs } from './gateway/stubs.ts';
import { tell } from './support/answers.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const ROUNDS = Number(argv[2] ?? 5);
const SECONDS = Number(argv[3] ?? 2);
const WARM_UP_SECONDS = 3;

const client = await start('./client.ts');
const stubs = await startStubs(3);
const contenders: Contender[] = [
  await startOurs(stubs.database),
  await startStock(stubs),
  await startHive(stubs),
  await startHive(stubs, 'rust'),
  ...(await startHandWritten(stubs)),
];
for (const shape of SHAPES) await compareAnswers(contenders, shape);
for (const contender of contenders)
  for (const shape of SHAPES) await measure(client.child, contender, shape, WARM_UP_SECONDS);

const results = new Map<string, Measured[]>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const shape of SHAPES) {
    for (const contender of contenders) {
      const key = `${shape.name}, ${contender.name}`;
      results.set(key, [...(results.get(key) ?? []), await measure(client.child, contender, shape, SECONDS)]);
    }
  }
}
await stopAll();

const GOALS = ['', '≥ 5 ×, p99 ≤ 1/4', '≥ 2 ×', '≥ 4 ×', '≥ 0.8, 0.8, 0.7 ×', 'the limit'];
/** Ratio of the rounds, each against ours in the same round. */
const ratio = (key: string, ours: string, of: keyof Measured) =>
  median((results.get(key) ?? []).map((one, i) => (results.get(ours)?.[i]?.[of] ?? Number.NaN) / one[of]));
const figures = (key: string, of: keyof Measured) => median((results.get(key) ?? []).map((one) => one[of]));
for (const { name: shape } of SHAPES) {
  printTable(
    `${shape}: ${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${SECONDS} s`,
    [
      'gateway',
      'requests a second',
      'p50, ms',
      'p99, ms',
      'processor, µs',
      'ours against it',
      'our p99 against it',
      'goal',
    ],
    contenders.map(({ name }, i) => {
      const [key, ours] = [`${shape}, ${name}`, `${shape}, ${contenders[0]?.name}`];
      const against =
        i === 0
          ? ['', '']
          : [`${shown(ratio(key, ours, 'perSecond'), 2)} ×`, `${shown(ratio(key, ours, 'p99Ms'), 2)} ×`];
      const times = [shown(figures(key, 'p50Ms'), 1), shown(figures(key, 'p99Ms'), 1)];
      const own = [shown(figures(key, 'perSecond')), ...times, shown(figures(key, 'microseconds'))];
      return [name, ...own, ...against, GOALS[i] ?? ''];
    }),
  );
}

/** Shares of the handler's rate, by shape. */
const HANDLER_SHARES = [0.8, 0.8, 0.7];
tell(
  SHAPES.flatMap(({ name: shape }, i) => {
    const [ours, stock, hive, rust, handler, edge] = contenders.map(({ name }) => `${shape}, ${name}`);
    const rate = (key = '') => ratio(key, ours ?? '', 'perSecond');
    const p99 = ratio(stock ?? '', ours ?? '', 'p99Ms');
    const against = (what: string, goal: number, key = '') => ({
      ...{ question: `${shape}, against ${what}`, goal: `≥ ${goal} × requests a second` },
      figure: `${shown(rate(key), 2)} ×`,
      peers: `${shown(figures(ours ?? '', 'perSecond'))} against ${shown(figures(key, 'perSecond'))} a second`,
      isMet: rate(key) >= goal,
    });
    return [
      against('Apollo Gateway, stock', 5, stock),
      {
        ...{ question: `${shape}, p99 against Apollo Gateway, stock`, goal: '≤ 0.25 ×', figure: `${shown(p99, 2)} ×` },
        ...{ peers: `${shown(figures(stock ?? '', 'p99Ms'), 1)} ms`, isMet: p99 <= 0.25 },
      },
      against('Hive Gateway', 2, hive),
      against('Hive Gateway with its Rust planner', 4, rust),
      against('a hand-written handler', HANDLER_SHARES[i] ?? 1, handler),
      {
        question: `${shape}, the limit: that handler behind our edge, against the bare one`,
        ...{ goal: '', figure: `${shown(ratio(handler ?? '', edge ?? '', 'perSecond'), 2)} ×` },
        peers: `ours against it ${shown(rate(edge), 2)} ×; it against the Rust planner ${shown(ratio(rust ?? '', edge ?? '', 'perSecond'), 2)} ×`,
      },
    ];
  }),
);
