/**
 * The guard that keeps one replica in trouble from costing more than its own chats.
 * It limits the requests at once, and allows none for a second after five failures in a row. It is kept for each
 * replica while that is asked.
 */
import type { Clock } from '../../common/clock.ts';
import { makeSlots, type Slots } from './slots.ts';

const FAILURES_IN_A_ROW = 5;
const PROBE_AFTER_MS = 1_000;
/** Requests at once to one replica; each has its own connection. */
const MAX_AT_ONCE = 32;
/** A replica that nobody has asked for this long is forgotten: each start has a new id, and old ones never come back. */
const FORGOTTEN_AFTER_MS = 10 * 60 * 1_000;

/** `HALF_OPEN`: one request is let through to see how it does. */
export type BreakerState = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

/** Judgement of an answer on the replica. `neutral`: nothing, as when the client went away. */
export type Judgement = 'good' | 'bad' | 'neutral';

export interface ReplicaGuard {
  readonly slots: Slots;
  breaker(): BreakerState;
  /** Does the work unless the breaker is open, which it finds out at once: `open`. Rejects only if the work does. */
  run<T>(work: () => Promise<T>, judge: (result: T) => Judgement): Promise<T | 'open'>;
  /** True on the first call only. */
  firstComplaint(): boolean;
}

export interface ReplicaGuards {
  /** The same guard for the same id, until it is forgotten. */
  of(replicaId: string): ReplicaGuard;
  /** State of each replica that was asked lately, by its id. */
  breakers(): ReadonlyMap<string, BreakerState>;
}

export function makeReplicaGuards(clock: Clock): ReplicaGuards {
  const known = new Map<string, { readonly guard: ReplicaGuard; usedAtMs: number }>();
  /** The longest unused come first. */
  const forgetOld = () => {
    for (const [id, { usedAtMs }] of known) {
      if (clock.monotonicMs() - usedAtMs < FORGOTTEN_AFTER_MS) return;
      known.delete(id);
    }
  };
  return {
    of: (replicaId) => {
      forgetOld();
      const guard = known.get(replicaId)?.guard ?? makeGuard(clock);
      known.delete(replicaId);
      known.set(replicaId, { guard, usedAtMs: clock.monotonicMs() });
      return guard;
    },
    breakers: () => {
      forgetOld();
      return new Map([...known].map(([id, { guard }]) => [id, guard.breaker()]));
    },
  };
}

function makeGuard(clock: Clock): ReplicaGuard {
  let state: BreakerState = 'CLOSED';
  let failuresInARow = 0;
  let openedAtMs = 0;
  const count = (verdict: Judgement, isProbe: boolean) => {
    if (!isProbe && state !== 'CLOSED') return; // others have opened it in the meantime
    if (verdict === 'bad') failuresInARow += 1;
    if (verdict === 'good') {
      state = 'CLOSED';
      failuresInARow = 0;
    } else if (isProbe || failuresInARow >= FAILURES_IN_A_ROW) {
      state = 'OPEN';
      openedAtMs = clock.monotonicMs();
    }
  };
  let complained = false;
  return {
    slots: makeSlots(MAX_AT_ONCE),
    breaker: () => state,
    run: async (work, judge) => {
      const isProbe = state === 'OPEN' && clock.monotonicMs() - openedAtMs >= PROBE_AFTER_MS;
      if (isProbe) state = 'HALF_OPEN';
      else if (state !== 'CLOSED') return 'open';
      let verdict: Judgement = 'neutral'; // stays so when the work throws
      try {
        const result = await work();
        verdict = judge(result);
        return result;
      } finally {
        count(verdict, isProbe);
      }
    },
    firstComplaint: () => {
      const isFirst = !complained;
      complained = true;
      return isFirst;
    },
  };
}
