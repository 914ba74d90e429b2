/**
 * What do clients notice of replicas that die, hang, lie and flap?
 * One gateway, a database subgraph and some replicas run as processes, each replica behind a proxy, under steady load.
 * One fault follows the other, on one replica and on all. Arguments: number of replicas, seed. Exit code 1: anything
 * but a time was missed.
 */
import { loadavg } from 'node:os';
import { systemClock as clock } from '../common/clock.ts';
import { randomFrom } from '../test/faults/random.ts';
import { ALL_FAULTS } from './gatewayFaults/faults.ts';
import { startFleet } from './gatewayFaults/fleet.ts';
import { Load } from './gatewayFaults/load.ts';
import { missedIn, type Round, type RoundResult, recovery, runRound } from './gatewayFaults/rounds.ts';
import { withDatabase } from './support/postgres.ts';
import { percentile } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const REPLICAS = Number(process.argv[2] ?? 5);
const SEED = Number(process.argv[3] ?? 1);
const PER_SECOND = 12;
/** Number of chats of each replica, and in one request. */
const CHATS = { each: 12, asked: 20 };
const LIMITS = { timeoutMs: 1_000, databaseTimeoutMs: 2_000 };
const ROUND = { lastsMs: 2_000, healthyMs: 300, recoveryLimitMs: 30_000 };
/** Milliseconds before anything is measured: the first requests also pay for compiling and connecting. */
const WARM_UP_MS = 10_000;
const P99_LIMIT_MS = LIMITS.timeoutMs + 100;

const random = randomFrom(SEED);
const rows: string[][] = [];
const missed: string[] = [];

function note(fault: string, on: string, result: RoundResult): void {
  missed.push(...missedIn(result).map((what) => `${fault}, ${on}: ${what}`));
  const p99 = percentile(result.tookMs, 0.99);
  const all = (sets: ReadonlyMap<number, ReadonlySet<string>>) =>
    [...new Set([...sets.values()].flatMap((set) => [...set]))].sort();
  const reached = all(result.breakers);
  rows.push([
    fault,
    on,
    shown(result.requests),
    shown(result.wholeDatabase * 100, 1),
    shown(result.healthyWhole * 100, 1),
    shown(percentile(result.tookMs, 0.5)),
    `${shown(p99)}${p99 > P99_LIMIT_MS ? ' (over)' : ''}`,
    shown(result.wrongErrors.length),
    shown(result.leaks.length),
    reached.includes('OPEN') ? 'OPEN' : (reached[0] ?? ''),
    all(result.said).join(' '),
  ]);
  const load = loadavg()[0] ?? 0;
  process.stderr.write(`${fault}, ${on}: load ${load.toFixed(1)}, p99 ${p99.toFixed(0)} ms\n`);
}

await withDatabase(async (database) => {
  const fleet = await startFleet({
    ...{ databaseUrl: database.url, pool: database.pool, replicas: REPLICAS, chats: CHATS.each },
    ...{ ...LIMITS, random },
  });
  const load = new Load(fleet, { perSecond: PER_SECOND, chats: CHATS.asked, random });
  try {
    await clock.sleep(WARM_UP_MS);
    await recovery(fleet, load, ROUND.recoveryLimitMs);
    const begun = loadavg()[0] ?? 0;
    const none: Round = new Map();
    note('none', '', await runRound(fleet, load, none, { ...ROUND, lastsMs: 2 * ROUND.lastsMs }));
    for (const fault of ALL_FAULTS) {
      const one = random.below(REPLICAS);
      note(fault, 'one', await runRound(fleet, load, new Map([[one, fault]]), ROUND));
      const all = new Map([...fleet.replicas.keys()].map((place) => [place, fault]));
      note(fault, 'all', await runRound(fleet, load, all, ROUND));
    }
    note('none', 'again', await runRound(fleet, load, none, ROUND));
    const ended = loadavg()[0] ?? 0;
    printTable(
      `${REPLICAS} replicas, ${PER_SECOND} requests a second for ${CHATS.asked} chats each, ${LIMITS.timeoutMs} ms for replicas, seed ${SEED}; load average ${begun.toFixed(1)} to ${ended.toFixed(1)}`,
      [
        ...['fault', 'on', 'requests', 'database %', 'healthy %', 'p50, ms', 'p99, ms', 'wrong errors', 'leaks'],
        ...['breaker', 'the failing said'],
      ],
      rows,
    );
  } finally {
    await load.stop();
    await fleet.close();
  }
});
for (const what of missed) console.log(`MISSED ${what}`);
process.exit(missed.length > 0 ? 1 : 0); // connections that were broken on purpose may keep it running otherwise
