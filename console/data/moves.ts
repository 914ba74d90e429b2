/** Moves between states, out of the state machine's table. Pure. */
import type { ExecutionState } from '../../domain/executionState.ts';
import { TABLE } from '../../domain/stateMachine.ts';
import type { TransitionName } from '../../domain/transitions.ts';

const OF_WORKERS: readonly TransitionName[] = [
  ...(['recordGenerationAttempt', 'recordRetryState', 'commitStep', 'finishTurn', 'finishInterruption'] as const),
  ...(['enterRequiresAction', 'cancelRequiresAction', 'finishError', 'abandon'] as const),
];
const OF_OPERATORS: readonly TransitionName[] = ['reconcileInvalidState', 'retry'];

/** Who makes a move. */
const actorOf = (name: TransitionName): 'person' | 'worker' | 'operator' =>
  OF_WORKERS.includes(name) ? 'worker' : OF_OPERATORS.includes(name) ? 'operator' : 'person';

interface Move {
  readonly name: TransitionName;
  readonly from: ExecutionState;
  readonly to: readonly ExecutionState[];
  readonly by: 'person' | 'worker' | 'operator';
}

export const MOVES: readonly Move[] = (Object.entries(TABLE) as [TransitionName, (typeof TABLE)[TransitionName]][])
  .filter(([name]) => name !== 'abandon')
  .flatMap(([name, rules]) =>
    Object.entries(rules).map(([from, { to }]) => ({ name, from: from as ExecutionState, to, by: actorOf(name) })),
  );

/** Pairs of states with a move between them, each once, without those that stay. */
export const ARROWS: readonly (readonly [from: ExecutionState, to: ExecutionState])[] = [
  ...new Set(MOVES.flatMap(({ from, to }) => to.filter((one) => one !== from).map((one) => `${from} ${one}`))),
].map((pair) => pair.split(' ') as [ExecutionState, ExecutionState]);
