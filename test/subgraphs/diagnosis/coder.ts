/** Chats of a Coder deployment whose replicas nobody can ask: the healthy chat of the other tests, in other words. */

import { diagnose } from '../../../domain/diagnosis/diagnose.ts';
import type { Snapshot } from '../../../domain/diagnosis/snapshot.ts';
import type { ExecutionState } from '../../../domain/executionState.ts';
import { type Changes, codes, snapshot } from './snapshots.ts';

/** Thresholds of releases since 15 September 2026, and of earlier ones. */
export const NEWER = { staleAfterSeconds: 30, heartbeatIntervalSeconds: 9, acquisitionIntervalSeconds: 30 };
export const OLDER = { staleAfterSeconds: 300, heartbeatIntervalSeconds: 30, acquisitionIntervalSeconds: 1 };

const LIMITS = {
  ...{ noProgressSeconds: 600, clockAheadSeconds: 2, longestRetrySeconds: 3_600, loopSteps: 1_000 },
  ...{ spinningAttempts: 5, ownersLostWarn: 3, ownersLostCritical: 5 },
};

export interface CoderChanges {
  readonly state?: ExecutionState;
  /** Nobody has it. */
  readonly unowned?: true;
  readonly release?: typeof NEWER;
  readonly leaseSeconds?: number | null;
  readonly database?: Changes['database'];
  readonly trouble?: Changes['trouble'];
}

export const pool = (used: number, kind = 'ROOT') => ({ pool: { kind, used, capacity: kind === 'ROOT' ? 5 : 10 } });

/** One that changed a minute ago, with a lease of 3 s. */
export function coderSnapshot(changes: CoderChanges = {}): Snapshot {
  const { state = 'R0', unowned, release = NEWER, leaseSeconds = 3, database, trouble } = changes;
  const { staleAfterSeconds } = release;
  const ageSeconds = leaseSeconds ?? 0;
  const lease: Changes['database'] =
    leaseSeconds === null
      ? { heartbeatState: 'MISSING', heartbeat: null, heartbeats: [] }
      : {
          heartbeatState: ageSeconds > staleAfterSeconds ? 'STALE' : 'FRESH',
          heartbeat: { ageSeconds, staleAfterSeconds },
        };
  return snapshot({
    ...{ state, owner: unowned || /^[WEX]|INVALID/.test(state) ? 'unowned' : 'NOT_ASKED' },
    database: { ...(unowned ? {} : lease), ...database },
    trouble: { platform: 'coder', thresholds: { ...release, ...LIMITS }, ...trouble },
    candidates: unowned ? [] : null,
  });
}

/** The gateway's own settings are those of this project: what travels with the chat must win. */
export const coderDiagnosis = (changes: CoderChanges = {}) => diagnose(coderSnapshot(changes), {});

/** The verdict, and the findings as `CRITICAL CODE`, worst first. */
export const seenOnCoder = (changes: CoderChanges = {}) => {
  const diagnosis = coderDiagnosis(changes);
  return [diagnosis.verdict, ...codes(diagnosis)];
};
