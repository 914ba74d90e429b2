/**
 * Where does the time of a request go? V8's profiler samples the gateway's own process under load.
 * Each sample counts for the innermost frame of its stack that belongs to a step. Time that other processes take is in
 * it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { startOurs } from './gateway/contenders.ts';
import { measure } from './gateway/measure.ts';
import { start, stopAll, stopOne } from './gateway/processes.ts';
import { SHAPES } from './gateway/shapes.ts';
import { functionsOf, lastOf, type Profile, stepsOf } from './gateway/steps.ts';
import { startStubs } from './gateway/stubs.ts';
import { printTable, shown } from './support/table.ts';

const SECONDS = Number(argv[2] ?? 6);
const WARM_UP_SECONDS = 3;
const FUNCTIONS = Number(argv[3] ?? 0);

const client = await start('./client.ts');
const stubs = await startStubs(3);
const columns: Map<string, number>[] = [];
for (const shape of SHAPES) {
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-profile-'));
  const options = ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '500'];
  const gateway = await startOurs(stubs.database, { nodeOptions: options, isFromSource: true });
  await measure(client.child, gateway, shape, WARM_UP_SECONDS);
  const result = await measure(client.child, gateway, shape, SECONDS);
  await stopOne(gateway.child);
  const [file = ''] = readdirSync(folder);
  const profile = lastOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile, SECONDS * 1_000_000);
  rmSync(folder, { recursive: true });
  const steps = stepsOf(profile);
  const requests = result.perSecond * SECONDS;
  columns.push(new Map([...steps].map(([step, microseconds]) => [step, microseconds / requests])));
  if (FUNCTIONS > 0) console.log(shape.name, functionsOf(profile, FUNCTIONS, requests));
}
await stopAll();

const all = [...new Set(columns.flatMap((column) => [...column.keys()]))];
const inLast = (step: string) => columns.at(-1)?.get(step) ?? 0;
const sum = (column: Map<string, number>) => [...column.values()].reduce((a, b) => a + b, 0);
printTable(
  'Where the time of the gateway goes under load, in per cent of its own; start and warm-up left out',
  ['step', ...SHAPES.map(({ name }) => name)],
  [
    ...all
      .sort((a, b) => inLast(b) - inLast(a))
      .map((step) => [step, ...columns.map((column) => shown(((column.get(step) ?? 0) / sum(column)) * 100, 1))]),
    ['all, microseconds a request', ...columns.map((column) => shown(sum(column)))],
  ],
);
