/**
 * Effects of failing replicas on clients: only the halves of those replicas are missing.
 * All ways of `bench/gatewayFaults/faults.ts` occur, several at a time.
 * `npm run bench:faults` runs each fault alone, longer, and looks at times, too.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ALL_FAULTS, type Fault, INSTEAD } from '../../bench/gatewayFaults/faults.ts';
import { type Fleet, startFleet } from '../../bench/gatewayFaults/fleet.ts';
import { Load } from '../../bench/gatewayFaults/load.ts';
import { missedIn, type Round, recovery, runRound, type Said } from '../../bench/gatewayFaults/rounds.ts';
import { randomFrom } from '../faults/random.ts';
import { databasePerFile } from '../support/database.ts';

jest.setTimeout(180_000);

const REPLICAS = 4;
/** The machine may be busy: this is a test of what is answered, not of how fast. */
const LIMITS = { timeoutMs: 5_000, databaseTimeoutMs: 20_000 };
const ROUND = { lastsMs: 2_000, healthyMs: 200, recoveryLimitMs: 60_000 };
/** Milliseconds beyond `lastsMs` for which replicas may fail before each has said what is expected. */
const SAID_LIMIT_MS = 40_000;
const random = randomFrom(20_261_122);

const database = databasePerFile();
const running: { fleet?: Fleet; load?: Load } = {};
beforeAll(async () => {
  const { url: databaseUrl, pool } = database;
  const fleet = await startFleet({ databaseUrl, pool, replicas: REPLICAS, chats: 8, ...LIMITS, random });
  const load = new Load(fleet, { perSecond: 6, chats: 20, random });
  Object.assign(running, { fleet, load });
  expect(await recovery(fleet, load, ROUND.recoveryLimitMs)).toEqual([]);
}, 120_000);
afterAll(async () => {
  await running.load?.stop();
  await running.fleet?.close();
}, 30_000);

const places = [...Array(REPLICAS).keys()];
/** Every fault once, one replica left alone each time; and at last none left alone. */
function rounds(): [string, Round][] {
  const faults = random.shuffle(ALL_FAULTS);
  const some: Round[] = [];
  while (faults.length > 0) {
    const [, ...failing] = random.shuffle(places);
    some.push(new Map(failing.flatMap((place) => faults.splice(0, 1).map((fault): [number, Fault] => [place, fault]))));
  }
  const all: Round = new Map((['killed', 'black hole', 'cut body', 'HTTP 503'] as const).map((fault, i) => [i, fault]));
  return [...some, all].map((round) => [[...round].map(([place, fault]) => `${fault} on ${place}`).join(', '), round]);
}

test.each(rounds())('%s', async (_, round) => {
  const { fleet, load } = running;
  if (!fleet || !load) throw new Error('The system has not started');
  const until = { isEnough: (said: Said) => unsaid(round, said).length === 0, limitMs: SAID_LIMIT_MS };
  const result = await runRound(fleet, load, round, { ...ROUND, until });
  expect(missedIn(result)).toEqual([]);
  expect(unsaid(round, result.said)).toEqual([]);
});

/** The failing replicas of which no half has said what is expected, in words. */
const unsaid = (round: Round, said: Said): string[] =>
  [...round].flatMap(([place, fault]) => {
    const statuses = [...(said.get(place) ?? [])];
    return statuses.includes(expectedOf(fault)) ? [] : [`${fault}: ${statuses.join(', ')}, not ${expectedOf(fault)}`];
  });

/** Status that at least one half has; others may say that the breaker is open. */
function expectedOf(fault: Fault): string {
  if (INSTEAD[fault] || ['reset in mid-answer', 'cut body', 'cut chunks'].includes(fault)) return 'BAD_ANSWER';
  return ['stopped', 'black hole', 'stall', 'latency', 'drip'].includes(fault) ? 'TIMED_OUT' : 'UNREACHABLE';
}
