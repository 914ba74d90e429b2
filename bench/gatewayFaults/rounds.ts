/** Rounds, one after the other: some replicas fail for a while, then all of them must be healthy again. */
import { systemClock as clock } from '../../common/clock.ts';
import type { Fault } from './faults.ts';
import type { Fleet } from './fleet.ts';
import type { Load, Sample } from './load.ts';

/** Faults by the replica's place; none: nothing fails. */
export type Round = ReadonlyMap<number, Fault>;

/** Words of the halves of each failing replica, by its place. */
export type Said = ReadonlyMap<number, ReadonlySet<string>>;

interface RoundOptions {
  /** Milliseconds for which replicas fail. */
  readonly lastsMs: number;
  /** They fail longer than that, until what was said is enough, but not `limitMs` longer. */
  readonly until?: { readonly isEnough: (said: Said) => boolean; readonly limitMs: number };
  /** Milliseconds for which all of them are healthy before the next round. */
  readonly healthyMs: number;
  /** Milliseconds in which they must be healthy again. */
  readonly recoveryLimitMs: number;
}

export interface RoundResult {
  readonly requests: number;
  /** 0 to 1. */
  readonly wholeDatabase: number;
  readonly healthyWhole: number;
  /** Number of halves that the share is of. */
  readonly healthyHalves: number;
  /** Milliseconds, of the requests that were sent while replicas failed. */
  readonly tookMs: readonly number[];
  readonly wrongErrors: readonly string[];
  readonly leaks: readonly string[];
  readonly said: Said;
  readonly breakers: ReadonlyMap<number, ReadonlySet<string>>;
  /** Replicas, by place, that were not healthy again in time. */
  readonly notRecovered: readonly number[];
}

const LOOK_EVERY_MS = 50;

export async function runRound(fleet: Fleet, load: Load, round: Round, options: RoundOptions): Promise<RoundResult> {
  load.take();
  const begunMs = clock.monotonicMs();
  for (const place of round.keys()) load.health.hit(place, begunMs);
  await Promise.all([...round].map(([place, fault]) => fleet.replicas[place]?.suffer(fault)));
  await clock.sleep(options.lastsMs);
  const { isEnough, limitMs } = options.until ?? { isEnough: () => true, limitMs: 0 };
  const lastMs = clock.monotonicMs() + limitMs;
  while (!isEnough(saidIn(load.samples, round)) && clock.monotonicMs() < lastMs) await clock.sleep(LOOK_EVERY_MS);
  const endedMs = clock.monotonicMs();
  await Promise.all(
    [...round.keys()].map(async (place) => {
      await fleet.replicas[place]?.heal();
      load.health.heal(place);
    }),
  );
  const notRecovered = await recovery(fleet, load, options.recoveryLimitMs);
  await clock.sleep(options.healthyMs);
  await load.settled();
  return resultOf(round, load.take(), endedMs, notRecovered);
}

/** Resolves when all replicas are healthy, or to those that are not in time. */
export async function recovery(fleet: Fleet, load: Load, limitMs: number): Promise<number[]> {
  const untilMs = clock.monotonicMs() + limitMs;
  for (;;) {
    const nowMs = clock.monotonicMs();
    const ill = [...fleet.replicas.keys()].filter((place) => !load.health.isHealthy(place, nowMs, nowMs));
    if (ill.length === 0 || nowMs > untilMs) return ill;
    await clock.sleep(LOOK_EVERY_MS);
  }
}

function resultOf(round: Round, samples: readonly Sample[], endedMs: number, notRecovered: number[]): RoundResult {
  const sum = (of: (sample: Sample) => number) => samples.reduce((total, sample) => total + of(sample), 0);
  const during = samples.filter(({ sentMs }) => sentMs < endedMs);
  const healthyHalves = sum((sample) => sample.healthyHalves);
  const falseErrors = sum((sample) => sample.falseErrors);
  return {
    requests: samples.length,
    wholeDatabase: sum(({ isDatabaseWhole }) => Number(isDatabaseWhole)) / samples.length,
    healthyWhole: sum((sample) => sample.healthyWhole) / healthyHalves,
    healthyHalves,
    tookMs: during.map(({ tookMs }) => tookMs),
    wrongErrors: [
      ...samples.flatMap((sample) => sample.wrongErrors),
      ...(falseErrors > 0 ? [`${falseErrors} errors about replicas that were healthy`] : []),
    ],
    leaks: samples.flatMap(({ leaks }) => leaks),
    said: saidIn(during, round),
    breakers: perReplica(during, round, ({ breakers }, place) => [breakers.get(place) ?? []].flat()),
    notRecovered,
  };
}

const saidIn = (samples: readonly Sample[], round: Round): Said =>
  perReplica(samples, round, ({ halves }, place) =>
    halves.filter(({ owner }) => owner === place).map(({ status }) => status),
  );

const perReplica = (
  samples: readonly Sample[],
  round: Round,
  of: (sample: Sample, place: number) => readonly string[],
): Said => new Map([...round.keys()].map((place) => [place, new Set(samples.flatMap((sample) => of(sample, place)))]));

/** Words on what must never happen and did; times are not looked at. */
export function missedIn(result: RoundResult): string[] {
  const { wholeDatabase, healthyWhole, healthyHalves, wrongErrors, leaks, notRecovered } = result;
  return [
    ...(wholeDatabase === 1 ? [] : [`only ${(wholeDatabase * 100).toFixed(2)} % of the database halves are whole`]),
    ...(healthyHalves > 0 ? [] : ['no half of a healthy replica was asked for']),
    ...(healthyHalves === 0 || healthyWhole === 1
      ? []
      : [`only ${(healthyWhole * 100).toFixed(2)} % of the halves of healthy replicas are whole`]),
    ...wrongErrors.slice(0, 3).map((error) => `a wrong error: ${error}`),
    ...[...new Set(leaks)].map((leak) => `an address shown: ${leak}`),
    ...notRecovered.map((place) => `replica ${place} is not healthy again in time`),
  ];
}
