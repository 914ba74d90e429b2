/**
 * Does the memory of the gateway stay where it is, and how much is it?
 * It takes a given number of requests (a million take a quarter of an hour) of all kinds, by many callers, with many
 * new documents.
 * It is counted from when all caches are full.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { argv } from 'node:process';
import { systemClock as clock } from '../common/clock.ts';
import { SECRET, startOurs } from './gateway/contenders.ts';
import { start, stopAll } from './gateway/processes.ts';
import { startStubs } from './gateway/stubs.ts';
import type { SenderSpec, Stretch } from './memory/senderProcess.ts';
import { tell } from './support/answers.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const REQUESTS = Number(argv[2] ?? 60_000);
/** Documents that are sent before. */
const FILLING = Number(argv[3] ?? 8_000);
const WARM_UP = 10_000;
const POINTS = 10;
const SAMPLE_MS = 100;
const GOAL_MB = 200;
const GOAL_GROWTH = 0.05;

const stubs = await startStubs(3);
const gateway = await startOurs(stubs.database, { settings: { RATE_LIMIT_PER_MINUTE: '600' } });
const origin = new URL(gateway.url).origin;
const sender = await start('../memory/senderProcess.ts', {
  message: { url: origin, secret: SECRET } satisfies SenderSpec,
});
const senderEnded = once(sender.child, 'exit').then(() => Promise.reject(new Error('The client ended.')));
senderEnded.catch(() => {});

/** A field of `/proc/…/status`, in megabytes (1,000,000 bytes); NaN where the system does not say. */
async function statusMb(field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${gateway.child.pid}/status`, 'utf8').catch(() => '');
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * 1_024) / 1_000_000;
}

/** Heap by the gateway's own metrics, uncollected garbage included. */
async function heapMb(): Promise<number> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1] ?? Number.NaN) / 1_000_000;
}

interface Point {
  /** Resident memory, the median of samples while the requests ran. */
  readonly rssMb: number;
  readonly heapMb: number;
  readonly perSecond: number;
}

async function send(stretch: Stretch): Promise<Point> {
  let isDone = false;
  const done = Promise.race([once(sender.child, 'message'), senderEnded]).finally(() => {
    isDone = true;
  });
  const begunMs = clock.monotonicMs();
  sender.child.send(stretch);
  const [rss, heap]: [number[], number[]] = [[], []];
  while (!isDone) {
    rss.push(await statusMb('VmRSS'));
    if (rss.length % 10 === 1) heap.push(await heapMb());
    await Promise.race([done, clock.sleep(SAMPLE_MS)]);
  }
  await done;
  const perSecond = (stretch.count / (clock.monotonicMs() - begunMs)) * 1_000;
  return { rssMb: median(rss), heapMb: median(heap), perSecond };
}

const before = { rssMb: await statusMb('VmRSS'), heapMb: await heapMb() };
const filling = await send({ kind: 'filling', from: 1_000_000, count: FILLING });
const warmUp = await send({ kind: 'mixed', from: 0, count: WARM_UP });
const points: Point[] = [];
for (let point = 0; point < POINTS; point += 1) {
  const count = Math.round(REQUESTS / POINTS);
  points.push(await send({ kind: 'mixed', from: WARM_UP + point * count, count }));
}
const highestMb = await statusMb('VmHWM');
await stopAll();

const third = Math.floor(POINTS / 3);
const growthOf = (of: 'rssMb' | 'heapMb') =>
  median(points.slice(-third).map((point) => point[of])) / median(points.slice(0, third).map((point) => point[of])) - 1;
const percent = (share: number) => `${share > 0 ? '+' : ''}${shown(share * 100, 1)} %`;
const row = (what: string, { rssMb, heapMb: heap, perSecond }: Partial<Point>) => [
  ...[what, shown(rssMb ?? Number.NaN, 1), shown(heap ?? Number.NaN, 1), perSecond ? shown(perSecond) : ''],
];
printTable(
  `Memory of the gateway's process in MB, during ${shown(REQUESTS)} requests after ${shown(FILLING + WARM_UP)} that fill its caches`,
  ['requests', 'resident', 'heap in use', 'requests a second'],
  [
    row('before the first', before),
    row(`${shown(FILLING)} new documents`, filling),
    row(`${shown(WARM_UP)} of all kinds`, warmUp),
    ...points.map((point, i) => row(`up to ${shown(((i + 1) * REQUESTS) / POINTS)}`, point)),
    ['last third against the first', percent(growthOf('rssMb')), percent(growthOf('heapMb')), ''],
    ['goal', `± 5 %, ≤ ${GOAL_MB}`, '', ''],
    ['highest ever, by the system', shown(highestMb, 1), '', ''],
  ],
);
const largest = Math.max(...points.map(({ rssMb }) => rssMb));
tell([
  {
    question: `gateway memory, ${shown(REQUESTS)} requests: last third against the first`,
    ...{ goal: '± 5 %', figure: percent(growthOf('rssMb')), isMet: Math.abs(growthOf('rssMb')) <= GOAL_GROWTH },
  },
  {
    question: 'gateway memory, resident, the largest of ten points',
    ...{ goal: `≤ ${GOAL_MB} MB`, figure: `${shown(largest)} MB`, isMet: largest <= GOAL_MB },
  },
]);
