/**
 * How long is it from the start of a process to its first answer? And from `npm start`, the second time, to the first
 * answer that needs all of the system?
 * Other gateways over the same supergraph are started beside it.
 * Arguments: rounds, and folders of checkouts to compare (this one, if there are none).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { systemClock as clock } from '../common/clock.ts';
import { type Contender, ourEnvironment, ourHeaders, startHive, startStock } from './gateway/contenders.ts';
import { stopAll } from './gateway/processes.ts';
import { SHAPES } from './gateway/shapes.ts';
import { startStubs } from './gateway/stubs.ts';
import { type Start, timeAnswer, timeProcess, timeSystem } from './startup/starts.ts';
import { tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const [rounds = '5', ...folders] = argv.slice(2);
const HERE = fileURLToPath(new URL('..', import.meta.url));
const checkouts = folders.length > 0 ? folders : [HERE];
const [shape] = SHAPES;

const answers = async (url: string, headers: Readonly<Record<string, string>>) => {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query: shape?.query, variables: shape?.variables }),
  });
  return (await response.text()).startsWith('{"data":{');
};
const isReady = async (url: string) => (await fetch(new URL('/readyz', url))).ok;

/** Measurement, taken once a round, in turn. */
interface Row {
  readonly name: string;
  readonly goal: string;
  readonly measure: () => Promise<Start>;
  readonly starts: Start[];
}
const rows: Row[] = [];
const row = (name: string, goal: string, measure: Row['measure']) => rows.push({ name, goal, measure, starts: [] });

const stubs = await startStubs(3);
const headers = await ourHeaders();
const dataDirs = checkouts.map(() => mkdtempSync(join(tmpdir(), 'chat-debug-bench-')));
try {
  await withDatabase(async ({ url: DATABASE_URL }) => {
    const inner = { DATABASE_URL, INTERNAL_SECRET: 'a secret for this bench alone, long enough, too' };
    for (const [i, folder] of checkouts.entries()) {
      execFileSync('npm', ['run', 'build', '--if-present'], { cwd: folder, stdio: 'ignore' });
      const of = checkouts.length > 1 ? `, ${folder}` : '';
      const dataDir = dataDirs[i] ?? '';
      const gateway = (url: string) => answers(`${url}/graphql`, headers);
      await timeSystem(folder, dataDir); // the first start makes the database
      row(`gateway${of}`, '≤ 0.8 s', () =>
        timeProcess(folder, 'start:gateway', ourEnvironment(stubs.database), gateway),
      );
      const database = { ...inner, DATABASE_SUBGRAPH_PORT: '0' };
      row(`database subgraph${of}`, '', () => timeProcess(folder, 'start:database', database, isReady));
      const replica = { ...inner, RUNTIME_PORT: '0' };
      row(`replica${of}`, '', () => timeProcess(folder, 'start:replica', replica, isReady));
      row(`the whole system, second start${of}`, '≤ 3 s', () => timeSystem(folder, dataDir));
    }
    const peer = (name: string, start: () => Promise<Contender>) =>
      row(name, '', async () => {
        const beganMs = clock.monotonicMs();
        const { url, headers: own, child } = await start();
        return timeAnswer(beganMs, child, () => answers(url, own));
      });
    peer('Apollo Gateway, stock', () => startStock(stubs));
    peer('Hive Gateway 2.15.1', () => startHive(stubs));

    for (let round = 0; round < Number(rounds); round += 1) {
      for (const { measure, starts } of rows) starts.push(await measure());
    }
  });
} finally {
  await stopAll();
  for (const dataDir of dataDirs) rmSync(dataDir, { recursive: true, maxRetries: 5 });
}

const seconds = (starts: readonly Start[], of: keyof Start) => {
  const middle = median(starts.map((start) => start[of])) / 1000;
  return Number.isNaN(middle) ? '' : shown(middle, 2);
};
const load = loadavg()[0] ?? Number.NaN;
printTable(
  `Seconds from the start to the first answer, medians of ${rounds} rounds; load average at the end ${shown(load, 1)}`,
  ['what', 'seconds', 'of the processor, seconds', 'goal'],
  rows.map(({ name, starts, goal }) => [name, seconds(starts, 'wallMs'), seconds(starts, 'cpuMs'), goal]),
);
const peers = rows.filter(({ name }) => /Apollo|Hive/.test(name));
tell(
  rows
    .filter(({ goal }) => goal !== '')
    .map(({ name, goal, starts }, i) => ({
      ...{ question: `${name}, to the first answer`, goal, figure: `${seconds(starts, 'wallMs')} s` },
      ...(i === 0 && { peers: peers.map((peer) => `${peer.name} ${seconds(peer.starts, 'wallMs')} s`).join(', ') }),
      isMet: median(starts.map(({ wallMs }) => wallMs)) <= Number(/[\d.]+/.exec(goal)?.[0]) * 1_000,
    })),
);
