/** What a snapshot says, in the words of the rules. Pure: every age comes with the data, from one clock or the other. */
import { type ExecutionState, isRunnable } from '../executionState.ts';
import { completeThresholds, type Thresholds } from '../thresholds.ts';
import type { DiagnosisSettings } from './diagnosis.ts';
import type { Runner, Runtime, Snapshot, Task } from './snapshot.ts';

/**
 * What came of asking the replica that the row names. `UNOWNED`: it names none. `NOT_ASKED`: nobody asks replicas here.
 * `NOT_KNOWN`: not even the outcome is known.
 */
export type OwnerStatus = 'UNOWNED' | 'NOT_ASKED' | 'NOT_KNOWN' | (string & {});

/** `NONE`: the row names no runner. `NOT_KNOWN`: lease rows could not be read. */
export type LeaseState = 'FRESH' | 'STALE' | 'MISSING' | 'NONE' | 'NOT_KNOWN';

/** Something of the snapshot, and its path there. */
export interface At<T> {
  readonly value: T;
  readonly path: string;
}

/** Whose tables the chat is in. One that is not known counts as own. */
export type PlatformName = 'own' | 'coder';

export interface Situation {
  readonly snapshot: Snapshot;
  /** The snapshot's own, as far as it brings them, else what is set here. */
  readonly settings: Thresholds;
  readonly platform: PlatformName;
  readonly chatId: string;
  readonly state: ExecutionState | null;
  readonly runnable: boolean;
  readonly database: Snapshot['database'];
  /** Seconds since the row changed; negative for a row ahead of the database's clock. */
  readonly age: number | null;
  /** The row is further ahead of the database's clock than it may be. */
  readonly rowAhead: boolean;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly owner: OwnerStatus;
  /** The owner's memory, whatever came of asking it. */
  readonly runtime: At<Runtime> | undefined;
  /** What the owner holds; none when it could not be asked. */
  readonly runners: readonly At<Runner>[];
  /** That of them which the row names. */
  readonly rowRunner: At<Runner> | undefined;
  /** The active task of that runner. */
  readonly task: Task | null;
  readonly lease: LeaseState;
  /** The lease is further ahead of the database's clock than it may be; it counts as stale. */
  readonly leaseAhead: boolean;
  /** T: the owner's own, else the setting. */
  readonly staleAfterSeconds: number;
  /** How often leases are renewed: the owner's own, else the setting. */
  readonly intervalSeconds: number;
  /** G: how long a chat may take to be picked up. */
  readonly pickUpSeconds: number;
  /** Until the next call of the model; negative once it is past. Null: the chat is not waiting for one. */
  readonly retrySeconds: number | null;
  /** Runners at work on other replicas than the owner. */
  readonly elsewhere: readonly At<Runner>[];
  /** How many other replicas were asked, and how many of them may hold a runner and did not say. */
  readonly others: { readonly asked: number; readonly silent: number } | undefined;
}

const PICK_UP_GRACE_SECONDS = 2;
/** Replicas that are not there hold nothing. */
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
  return {
    ...{ snapshot, settings, chatId, state, runnable, database, workerId, runnerId },
    platform: database?.trouble?.platform === 'coder' ? 'coder' : 'own',
    ...{ age, rowAhead: isAhead(age) },
    ...{ owner, runtime, runners, rowRunner, task, staleAfterSeconds },
    lease: leaseState(database, staleAfterSeconds, leaseAhead),
    leaseAhead,
    intervalSeconds: own?.intervalSeconds ?? settings.heartbeatIntervalSeconds,
    pickUpSeconds: settings.acquisitionIntervalSeconds + PICK_UP_GRACE_SECONDS,
    retrySeconds:
      state === 'R0' || state === 'R1' ? (database?.retrySecondsLeft ?? task?.secondsUntilRetry ?? null) : null,
    ...otherReplicas(snapshot, workerId),
  };
}

/** False when the value is not known. */
export const over = (value: number | null | undefined, limit: number): boolean => (value ?? -Infinity) > limit;

/** False when the value is not known. */
export const under = (value: number | null | undefined, limit: number): boolean => (value ?? Infinity) < limit;

export const atWork = ({ value: { phase } }: At<Runner>): boolean => phase !== null && phase !== 'STOPPING';

/** The thresholds that came with the row: the ones by which its lists were made. */
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

function leaseState(database: Snapshot['database'], staleAfterSeconds: number, leaseAhead: boolean): LeaseState {
  if (!database) return 'NOT_KNOWN';
  if (database.runnerId === null) return 'NONE';
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
