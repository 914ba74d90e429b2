/** Effects that only set columns of the chat's row, as SQL assignments. Pure. */
import type { Effect } from '../../../domain/stateMachine.ts';
import type { Transition } from '../../../domain/transitions.ts';
import { countedUp } from './chatState.ts';
import { need } from './effectArguments.ts';
import { storableJson } from './storable.ts';

/** @param parameter keeps a value for the statement, and returns its place, such as `$2` */
type Assignment = (transition: Transition, parameter: (value: unknown) => string) => string;

export const ASSIGNMENTS: Readonly<Partial<Record<Effect, Assignment>>> = {
  setDeadline: (transition, parameter) =>
    `requires_action_deadline_at = now() + ${parameter(need(transition, 'timeoutSeconds'))} * interval '1 second'`,
  clearDeadline: () => 'requires_action_deadline_at = NULL',
  setLastError: (transition, parameter) => `last_error = ${parameter(storableJson(need(transition, 'error')))}`,
  clearLastError: () => 'last_error = NULL',
  countAttempt: () => `generation_attempt = ${countedUp('generation_attempt')}`,
  setRetryState: (
    transition,
    parameter,
  ) => `retry_state = ${parameter(storableJson(need(transition, 'retry')))}::jsonb ||
    jsonb_build_object('retrying_at', now() + ${parameter(need(transition, 'delayMs'))} * interval '1 millisecond')`,
};
