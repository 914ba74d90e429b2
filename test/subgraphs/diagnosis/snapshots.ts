/** Snapshots for tests: a healthy chat, with changes. */

import { diagnose } from '../../../domain/diagnosis/diagnose.ts';
import type { Runner, Runtime, Snapshot } from '../../../domain/diagnosis/snapshot.ts';
import type { ExecutionState } from '../../../domain/executionState.ts';
import { combinationSnapshot, MATRIX_SETTINGS } from '../../../scripts/combinations.ts';

export const OTHER_REPLICA = '00000000-0000-4000-8000-0000000000ff';

export interface Changes {
  readonly state?: ExecutionState;
  readonly owner?: Parameters<typeof combinationSnapshot>[0]['owner'];
  readonly database?: Partial<NonNullable<Snapshot['database']>>;
  readonly trouble?: Partial<NonNullable<NonNullable<Snapshot['database']>['trouble']>>;
  readonly candidates?: Snapshot['candidates'];
  readonly recentOwners?: Snapshot['recentOwners'];
  readonly runtime?: Partial<Runtime>;
  /** Changes of the one runner. */
  readonly runner?: Partial<Runner>;
  readonly task?: Partial<NonNullable<Runner['activeTask']>>;
  readonly lease?: Partial<NonNullable<Runner['lease']>>;
  readonly everywhere?: Snapshot['everywhere'];
}

/** A chat that changed a minute ago, whose runner got on a second ago; but for the changes nothing is wrong with it. */
export function snapshot({ state = 'R0', owner = 'OK', ...changes }: Changes = {}): Snapshot {
  const owned = owner === 'unowned';
  const base = combinationSnapshot({
    state,
    owner,
    lease: owned ? 'unowned' : 'fresh',
    runners: owner === 'OK' ? 'one' : owned ? 'unowned' : 'not asked',
  });
  const { database, runtime } = base;
  const runners = runtime?.runners?.map((runner) => ({
    ...runner,
    activeTask: runner.activeTask && { ...runner.activeTask, ...changes.task },
    lease: runner.lease && { ...runner.lease, ...changes.lease },
    ...changes.runner,
  }));
  return {
    ...base,
    database: database && {
      ...database,
      trouble: database.trouble && { ...database.trouble, ...changes.trouble },
      ...changes.database,
    },
    candidates: changes.candidates ?? base.candidates,
    recentOwners: changes.recentOwners ?? null,
    runtime: runtime && { ...runtime, runners: runners ?? null, ...changes.runtime },
    everywhere: changes.everywhere ?? null,
  };
}

/** Answer of another replica that holds these runners. */
export function replica(workerId: string, runners: Runner[] | null, status = 'OK'): Runtime {
  return {
    ...{ workerId, reachability: { status, reason: null }, localWorkerId: runners && workerId },
    ...{ workerIdMatchesLocal: runners && true, eventLoopDelayMs: 1, runners, messageBuffers: [] },
  };
}

/** The runner of a healthy chat, under another id. */
export function runner(changes: Partial<Runner> = {}): Runner {
  const [one] = snapshot().runtime?.runners ?? [];
  if (!one) throw new Error('the healthy chat has no runner');
  return { ...one, runnerId: '00000000-0000-4000-8000-0000000000aa', ...changes };
}

export const diagnosisOf = (changes: Changes = {}, settings = MATRIX_SETTINGS) => diagnose(snapshot(changes), settings);

/** `CRITICAL CODE`, worst first. */
export const codes = ({ findings }: ReturnType<typeof diagnose>) =>
  findings.map(({ code, severity }) => `${severity} ${code}`);
