/** What a snapshot says, in the words of the rules. Pure: every age comes with the data, from one clock or the other. */
import { type ExecutionState, isRunnable } from '../../common/executionState.ts';
import { completeThresholds, type Thresholds } from '../../common/thresholds.ts';
import type { DiagnosisSettings } from './diagnosis.ts';
import type { Runner, Runtime, Snapshot } from './snapshot.ts';

/** Of the replica that the row names, or `UNOWNED`, or `NOT_KNOWN` when not even that is known. */
export type OwnerStatus = 'UNOWNED' | 'NOT_KNOWN' | (string & {});

/** `NONE`: the row names no runner. `NOT_KNOWN`: lease rows could not be read. */
export type LeaseState = 'FRESH' | 'STALE' | 'MISSING' | 'NONE' | 'NOT_KNOWN';

/** Something of the snapshot, and its path there. */
export interface At<T> {
  readonly value: T;
  readonly path: string;
}

export interface Situation {
  readonly snapshot: Snapshot;
  readonly settings: Thresholds;
  readonly chatId: string;
  readonly state: ExecutionState | null;
  readonly runnable: boolean;
  readonly database: Snapshot['database'];
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly owner: OwnerStatus;
  /** The owner's memory, whatever came of asking it. */
  readonly runtime: At<Runtime> | undefined;
  /** What the owner holds; none when it could not be asked. */
  readonly runners: readonly At<Runner>[];
  /** That of them which the row names. */
  readonly rowRunner: At<Runner> | undefined;
  readonly lease: LeaseState;
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
  const settings = completeThresholds(given);
  const { chatId, database, executionState: state } = snapshot;
  const workerId = database?.workerId ?? null;
  const runnerId = database?.runnerId ?? null;
  const runtime = ownersRuntime(snapshot, workerId);
  const owner = ownerStatus(snapshot, workerId, runtime?.value);
  const runners = owner === 'OK' && runtime ? runnersIn(runtime) : [];
  const rowRunner = runners.find(({ value }) => runnerId !== null && value.runnerId === runnerId);
  const own = (rowRunner ?? runners[0])?.value.lease;
  const staleAfterSeconds = own?.staleAfterSeconds ?? settings.staleAfterSeconds;
  const runnable = state !== null && isRunnable(state);
  return {
    ...{ snapshot, settings, chatId, state, runnable, database, workerId, runnerId },
    ...{ owner, runtime, runners, rowRunner, staleAfterSeconds },
    lease: leaseState(database, staleAfterSeconds),
    intervalSeconds: own?.intervalSeconds ?? settings.heartbeatIntervalSeconds,
    pickUpSeconds: settings.acquisitionIntervalSeconds + PICK_UP_GRACE_SECONDS,
    retrySeconds:
      state === 'R0' || state === 'R1'
        ? (database?.retrySecondsLeft ?? rowRunner?.value.activeTask?.secondsUntilRetry ?? null)
        : null,
    ...otherReplicas(snapshot, workerId),
  };
}

/** False when the value is not known. */
export const over = (value: number | null | undefined, limit: number): boolean => (value ?? -Infinity) > limit;

export const atWork = ({ value: { phase } }: At<Runner>): boolean => phase !== null && phase !== 'STOPPING';

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

function leaseState(database: Snapshot['database'], staleAfterSeconds: number): LeaseState {
  if (!database) return 'NOT_KNOWN';
  if (database.runnerId === null) return 'NONE';
  const age = database.heartbeat?.ageSeconds ?? null;
  if (age !== null) return age > staleAfterSeconds ? 'STALE' : 'FRESH';
  return database.heartbeatState === 'MISSING' ? 'MISSING' : 'NOT_KNOWN';
}

function otherReplicas({ everywhere }: Snapshot, workerId: string | null): Pick<Situation, 'elsewhere' | 'others'> {
  if (!everywhere) return { elsewhere: [], others: undefined };
  const others = everywhere
    .map((value, i) => ({ value, path: `everywhere[${i}]` }))
    .filter(({ value }) => workerId === null || (value.workerId !== workerId && value.localWorkerId !== workerId));
  const answered = others.filter(({ value }) => value.reachability?.status === 'OK' && value.runners);
  const gone = others.filter(({ value }) => GONE.includes(value.reachability?.status ?? ''));
  return {
    elsewhere: answered.flatMap(runnersIn).filter(atWork),
    others: { asked: others.length, silent: others.length - answered.length - gone.length },
  };
}
