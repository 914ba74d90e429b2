/** Metrics of the operator. No label holds an id. */
import { Counter, type Registry } from 'prom-client';
import { ACTIONS, type ActionName, type ActionOutcome, CHAT_ACTIONS, OUTCOMES } from '../../domain/actions/names.ts';
import { RESOLUTIONS, type Resolution } from '../../domain/actions/resolution.ts';

export interface OperatorMetrics {
  /** Counts a request that was recorded now. */
  acted(action: ActionName, outcome: ActionOutcome, isDryRun: boolean): void;
  /** Counts an action by what a look afterwards found. */
  resolved(action: ActionName, resolved: Resolution): void;
  /** Counts a request whose commit was not answered. */
  uncertain(action: ActionName): void;
}

export function makeOperatorMetrics(registry: Registry): OperatorMetrics {
  const registers = [registry];
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
    uncertain.inc({ action }, 0); // for rules: an increase from nothing is not seen
    for (const outcome of OUTCOMES) actions.inc({ action, outcome }, 0);
  }
  return {
    acted: (action, outcome, isDryRun) => (isDryRun ? dryRuns : actions).inc({ action, outcome }),
    resolved: (action, end) => resolved.inc({ action, resolved: end }),
    uncertain: (action) => uncertain.inc({ action }),
  };
}
