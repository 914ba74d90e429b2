/**
 * What becomes of actions: after each that was done, the operator looks at the chat until its findings are gone, for 30 s.
 *
 * 1. It lists the actions without a result. The database holds them, so one that starts again takes up what is left.
 * 2. It looks at the chats whose time has come. Each is looked at after 1 s, then after 2, 4 and 8 s, and again every 8 s.
 * 3. It adds a result once it is known. While the gateway does not answer, nothing is known, and it goes on for ten minutes.
 */
import type { Pool } from 'pg';
import type { Clock } from '../../../common/clock.ts';
import type { Resolution } from '../../../domain/actions/resolution.ts';
import { type Looks, looked, NO_LOOKS, resolutionOf } from '../../../domain/actions/resolution.ts';
import type { Logger } from '../../../server/log.ts';
import { startLoop } from '../../../server/loop.ts';
import { type AskGateway, NoAnswer } from '../../../server/processGateway.ts';
import { failureName } from '../../runtime/chatd/databaseFailure.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { lookAt } from './look.ts';
import { addResult, listPending, type Pending } from './pending.ts';

const INTERVAL_SECONDS = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 8_000;
/** Milliseconds after which it looks for further actions. */
const STEP_MS = 500;

interface Watched {
  looks: Looks;
  waitMs: number;
  /** Time of the next look, by this machine's monotonic clock. */
  nextMs: number;
}

interface AfterwardsOptions {
  readonly pool: Pool;
  readonly ask: AskGateway<'looks'>;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Afterwards {
  /** Called when an action was done. */
  wake(): void;
  /** Trouble with looking, as a sentence. Undefined: there is none. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export function startAfterwards({ pool, ask, metrics, clock, log }: AfterwardsOptions): Afterwards {
  const watched = new Map<string, Watched>();
  const ending = new AbortController();
  let failed: string | undefined;

  const watch = (pending: readonly Pending[]) => {
    const ids = new Set(pending.map(({ id }) => id));
    for (const id of watched.keys()) if (!ids.has(id)) watched.delete(id);
    for (const { id } of pending) {
      if (!watched.has(id)) {
        watched.set(id, { looks: NO_LOOKS, waitMs: FIRST_WAIT_MS, nextMs: clock.monotonicMs() + FIRST_WAIT_MS });
      }
    }
  };

  /** Looks at the chats of these actions. What could not be looked at is missing. */
  const see = async (due: readonly Pending[]) => {
    try {
      const seen = await lookAt(ask, [...new Set(due.map(({ chatId }) => chatId))]);
      if (failed !== undefined) log.info('the gateway answers again');
      failed = undefined;
      return seen;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (failed !== error.code) log.warn({ code: error.code }, 'the gateway does not say whether actions helped');
      failed = error.code;
      return undefined;
    }
  };

  const settle = async ({ id, action }: Pending, { left }: Looks, resolved: Resolution) => {
    if (await addResult(pool, id, resolved, left ?? [])) metrics.resolved(action, resolved);
    watched.delete(id);
  };

  const lookOnce = async (pending: readonly Pending[]) => {
    const due = pending.filter(({ id }) => (watched.get(id)?.nextMs ?? 0) <= clock.monotonicMs());
    const seen = due.length > 0 ? await see(due) : undefined;
    for (const one of due) {
      const state = watched.get(one.id);
      if (!state) continue;
      const found = seen?.get(one.chatId);
      if (found !== undefined) state.looks = looked(state.looks, one, found);
      state.waitMs = Math.min(2 * state.waitMs, LONGEST_WAIT_MS);
      state.nextMs = clock.monotonicMs() + state.waitMs;
      const resolved = resolutionOf(state.looks, one.ageSeconds);
      if (resolved) await settle(one, state.looks, resolved);
    }
  };

  const loop = startLoop({
    ...{ name: 'afterwards', intervalSeconds: INTERVAL_SECONDS, nameOf: failureName, clock, log },
    work: async () => {
      while (!ending.signal.aborted) {
        const pending = await listPending(pool);
        watch(pending);
        if (pending.length === 0) return;
        await lookOnce(pending);
        await clock.sleep(STEP_MS, ending.signal);
      }
    },
  });
  return {
    wake: loop.wake,
    trouble: () => failed && `The gateway does not say whether actions helped (${failed}).`,
    stop: () => {
      ending.abort();
      return loop.stop();
    },
  };
}
