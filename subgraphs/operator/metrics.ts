/** Metrics of the operator. No label holds an id. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { ACTIONS, type ActionName, type ActionOutcome, CHAT_ACTIONS, OUTCOMES } from '../../domain/actions/names.ts';
import { RESOLUTIONS, type Resolution } from '../../domain/actions/resolution.ts';

export interface OperatorMetrics {
  /** Counts a request that was recorded now. */
  acted(action: ActionName, outcome: ActionOutcome, isDryRun: boolean): void;
  /** Counts an action by what a look afterwards found. */
  resolved(action: ActionName, resolved: Resolution): void;
  /** Notes the plans that run. */
  plans(now: RunningPlans): void;
  /** Counts a request whose commit was not answered. */
  uncertain(action: ActionName): void;
}

/** Plans that run, as the loop that works them off has last seen them. */
export interface RunningPlans {
  readonly running: number;
  readonly pending: number;
  /** Seconds since the oldest of them was begun; 0: none runs. */
  readonly oldestSeconds: number;
}

export function makeOperatorMetrics(registry: Registry): OperatorMetrics {
  const registers = [registry];
  const running = new Gauge({ name: 'chat_debug_plans_running', help: 'Plans of actions that run', registers });
  const pending = new Gauge({
    name: 'chat_debug_plan_items_pending',
    help: 'Chats of plans that run which are left',
    registers,
  });
  const oldest = new Gauge({
    name: 'chat_debug_plan_oldest_seconds',
    help: 'Time for which the oldest plan that runs has been running, in seconds',
    registers,
  });
  const actions = new Counter({
    name: 'chat_debug_actions_total',
    help: 'Recorded requests for actions by action and outcome (DONE, NO_CHANGE, CONFLICT, REFUSED), without dry runs',
    labelNames: ['action', 'outcome'],
    registers,
  });
  const dryRuns = new Counter({
    name: 'chat_debug_action_dry_runs_total',
    help: 'Recorded dry runs of actions by action and outcome',
    labelNames: ['action', 'outcome'],
    registers,
  });
  const uncertain = new Counter({
    name: 'chat_debug_actions_uncertain_total',
    help: 'Requests for actions whose commit was not answered, by action',
    labelNames: ['action'],
    registers,
  });
  const resolved = new Counter({
    name: 'chat_debug_actions_resolved_total',
    help: 'Actions on chats that were done, by action and by whether their findings are gone (YES, NO, UNKNOWN)',
    labelNames: ['action', 'resolved'],
    registers,
  });
  for (const action of CHAT_ACTIONS) for (const end of RESOLUTIONS) resolved.inc({ action, resolved: end }, 0);
  for (const action of ACTIONS) {
    uncertain.inc({ action }, 0); // rules do not see an increase from nothing
    for (const outcome of OUTCOMES) actions.inc({ action, outcome }, 0);
  }
  return {
    acted: (action, outcome, isDryRun) => (isDryRun ? dryRuns : actions).inc({ action, outcome }),
    plans: (now) => {
      running.set(now.running);
      pending.set(now.pending);
      oldest.set(now.oldestSeconds);
    },
    resolved: (action, end) => resolved.inc({ action, resolved: end }),
    uncertain: (action) => uncertain.inc({ action }),
  };
}
