/** A snapshot in the words of the rules. Pure: every age comes with the data, from the clock of its half. */

import { type ExecutionState, isRunnable } from '../executionState.ts';
import { PLATFORM_NAMES, type PlatformName } from '../platformName.ts';
import { completeThresholds, pickUpSeconds, type Thresholds } from '../thresholds.ts';
import type { DiagnosisSettings } from './diagnosis.ts';
import type { Runner, Runtime, Snapshot, Task } from './snapshot.ts';

/**
 * Outcome of asking the replica that the row names. `UNOWNED`: it names none. `NOT_ASKED`: replicas are not asked here.
 * `NOT_KNOWN`: the outcome is missing.
 */
type OwnerStatus = 'UNOWNED' | 'NOT_ASKED' | 'NOT_KNOWN' | (string & {});

/** State of the lease. `NONE`: the row names no runner. `NOT_KNOWN`: lease rows could not be read. */
type LeaseState = 'FRESH' | 'STALE' | 'MISSING' | 'NONE' | 'NOT_KNOWN';

/** A part of the snapshot, with its path. */
interface At<T> {
  readonly value: T;
  readonly path: string;
}

export interface Situation {
  readonly snapshot: Snapshot;
  /** Thresholds of the snapshot, completed from the settings here. */
  readonly settings: Thresholds;
  /** Platform of the chat's tables. An unknown one counts as own. */
  readonly platform: PlatformName;
  readonly chatId: string;
  readonly state: ExecutionState | null;
  readonly runnable: boolean;
  readonly database: Snapshot['database'];
  /** Seconds since the row changed; negative for a row ahead of the database's clock. */
  readonly age: number | null;
  /** True if the row is further ahead of the database's clock than allowed. */
  readonly rowAhead: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly owner: OwnerStatus;
  /** Memory of the owner, whatever came of asking it. */
  readonly runtime: At<Runtime> | undefined;
  /** Runners of the owner; none if it could not be asked. */
  readonly runners: readonly At<Runner>[];
  /** Runner that the row names. */
  readonly rowRunner: At<Runner> | undefined;
  /** Active task of that runner. */
  readonly task: Task | null;
  readonly lease: LeaseState;
  /** True if the lease is further ahead of the database's clock than allowed. It counts as stale. */
  readonly leaseAhead: boolean;
  /** Age from which a lease is lost, in seconds: the owner's own, else the setting. The rules call it T. */
  readonly staleAfterSeconds: number;
  /** Seconds between renewals: the owner's own, else the setting. */
  readonly intervalSeconds: number;
  /** Seconds that a chat may take to be picked up. The rules call it G. */
  readonly pickUpSeconds: number;
  /** Seconds until the next model call; negative once it is past. Null: the chat does not wait for one. */
  readonly retrySeconds: number | null;
  /** Runners at work on replicas other than the owner. */
  readonly elsewhere: readonly At<Runner>[];
  /** Number of other replicas asked, and of those that may hold a runner and did not answer. */
  readonly others: { readonly asked: number; readonly silent: number } | undefined;
}

/** Outcomes of replicas that no longer exist, and so hold nothing. */
const GONE = ['STOPPED', 'UNKNOWN_REPLICA'];

export function situationOf(snapshot: Snapshot, given: DiagnosisSettings): Situation {
  const { chatId, database, executionState: state } = snapshot;
  const settings = completeThresholds({ ...given, ...carried(database) });
  const age = database?.updatedAgeSeconds ?? null;
  const workerId = database?.workerId ?? null;
  const runnerId = database?.runnerId ?? null;
  const runtime = ownersRuntime(snapshot, workerId);
  const owner = ownerStatus(snapshot, workerId, runtime?.value);
  const runners = owner === 'OK' && runtime ? runnersIn(runtime) : [];
  const rowRunner = runners.find(({ value }) => runnerId !== null && value.runnerId === runnerId);
  const task = rowRunner?.value.activeTask ?? null;
  const own = (rowRunner ?? runners[0])?.value.lease;
  const staleAfterSeconds = own?.staleAfterSeconds ?? settings.staleAfterSeconds;
  const runnable = state !== null && isRunnable(state);
  const isAhead = (seconds: number | null | undefined) => under(seconds, -settings.clockAheadSeconds);
  const leaseAhead = isAhead(database?.heartbeat?.ageSeconds);
  const platform = PLATFORM_NAMES.find((name) => name === database?.trouble?.platform) ?? 'own';
  return {
    ...{ snapshot, settings, platform, chatId, state, runnable, database, workerId, runnerId },
    ...{ age, rowAhead: isAhead(age) },
    ...{ owner, runtime, runners, rowRunner, task, staleAfterSeconds },
    lease: leaseState(database, staleAfterSeconds, leaseAhead, platform),
    leaseAhead,
    intervalSeconds: own?.intervalSeconds ?? settings.heartbeatIntervalSeconds,
    pickUpSeconds: pickUpSeconds(settings),
    retrySeconds:
      state === 'R0' || state === 'R1' ? (database?.retrySecondsLeft ?? task?.secondsUntilRetry ?? null) : null,
    ...otherReplicas(snapshot, workerId),
  };
}

/** True if the value is above the limit; false if it is not known. */
export const over = (value: number | null | undefined, limit: number): boolean => (value ?? -Infinity) > limit;

/** True if the value is below the limit; false if it is not known. */
export const under = (value: number | null | undefined, limit: number): boolean => (value ?? Infinity) < limit;

export const atWork = ({ value: { phase } }: At<Runner>): boolean => phase !== null && phase !== 'STOPPING';

/** Thresholds that came with the row, by which its lists were made. */
function carried(database: Snapshot['database']): Partial<Thresholds> {
  const set = Object.entries(database?.trouble?.thresholds ?? {}).filter(([, value]) => value !== null);
  return Object.fromEntries(set);
}

function ownersRuntime({ runtime, everywhere }: Snapshot, workerId: string | null): At<Runtime> | undefined {
  if (workerId === null) return undefined;
  if (runtime) return { value: runtime, path: 'runtime' };
  const place = everywhere?.findIndex((replica) => replica.workerId === workerId) ?? -1;
  const value = everywhere?.[place];
  return value && { value, path: `everywhere[${place}]` };
}

function ownerStatus({ database }: Snapshot, workerId: string | null, runtime: Runtime | undefined): OwnerStatus {
  if (!database) return 'NOT_KNOWN';
  if (workerId === null) return 'UNOWNED';
  const status = runtime?.reachability?.status ?? 'NOT_KNOWN';
  return status === 'OK' && !runtime?.runners ? 'NOT_KNOWN' : status;
}

const runnersIn = ({ value, path }: At<Runtime>): At<Runner>[] =>
  (value.runners ?? []).map((runner, i) => ({ value: runner, path: `${path}.runners[${i}]` }));

function leaseState(
  database: Snapshot['database'],
  staleAfterSeconds: number,
  leaseAhead: boolean,
  platform: PlatformName,
): LeaseState {
  if (!database) return 'NOT_KNOWN';
  // A lease is found by its runner. Views that know a worker and no runner tell of no lease.
  if (database.runnerId === null) return platform === 'views' && database.workerId !== null ? 'NOT_KNOWN' : 'NONE';
  if (database.unreadable?.includes('heartbeat')) return 'NOT_KNOWN';
  const age = database.heartbeat?.ageSeconds ?? null;
  if (age !== null) return age > staleAfterSeconds || leaseAhead ? 'STALE' : 'FRESH';
  return database.heartbeatState === 'MISSING' && !database.heartbeat ? 'MISSING' : 'NOT_KNOWN';
}

function otherReplicas({ everywhere }: Snapshot, workerId: string | null): Pick<Situation, 'elsewhere' | 'others'> {
  if (!everywhere) return { elsewhere: [], others: undefined };
  const status = ({ value }: At<Runtime>) => value.reachability?.status ?? '';
  const others = everywhere
    .map((value, i) => ({ value, path: `everywhere[${i}]` }))
    .filter(({ value }) => workerId === null || (value.workerId !== workerId && value.localWorkerId !== workerId))
    .filter((other) => status(other) !== 'NOT_ASKED');
  const answered = others.filter((other) => status(other) === 'OK' && other.value.runners);
  const gone = others.filter((other) => GONE.includes(status(other)));
  return {
    elsewhere: answered.flatMap(runnersIn).filter(atWork),
    others: { asked: others.length, silent: others.length - answered.length - gone.length },
  };
}
