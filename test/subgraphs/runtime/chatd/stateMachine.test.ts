import { describe, expect, test } from '@jest/globals';
import { EXECUTION_STATES, executionState } from '../../../../common/executionState.ts';
import {
  columnsOf,
  ruleFor,
  type Transition,
  TransitionRefused,
} from '../../../../subgraphs/runtime/chatd/stateMachine.ts';

const send: Transition = { name: 'send', content: [], createdBy: '' };
const of = (name: 'interrupt' | 'recordGenerationAttempt' | 'finishTurn'): Transition => ({ name });
const finishError: Transition = {
  name: 'finishError',
  error: { kind: '', message: '', provider: '', status_code: null, retryable: false },
};

/** The domain's table: transition, then `from to` for every state that it is possible in. */
const DOMAIN: [Transition, string[]][] = [
  [send, ['W R0', 'E0 R0', 'E1 R1', 'R0 R1', 'R1 R1', 'I0 I1', 'I1 I1', 'A0 A1', 'A1 A1']],
  [of('interrupt'), ['R0 I0', 'R1 I1']],
  [of('recordGenerationAttempt'), ['R0 R0', 'R1 R1']],
  [{ name: 'commitStep', messages: [] }, ['R0 R0', 'R1 R1']],
  [of('finishTurn'), ['R0 W', 'R1 R0|R1']],
  [{ name: 'finishInterruption', messages: [] }, ['I0 W', 'I1 R0|R1']],
  [finishError, ['R0 E0', 'R1 E1']],
  [{ name: 'setArchived', archived: true }, ['W XW', 'E0 XE0', 'E1 XE1']],
  [{ name: 'setArchived', archived: false }, ['XW W', 'XE0 E0', 'XE1 E1']],
  [{ name: 'abandon' }, EXECUTION_STATES.map((state) => `${state} ${state}`)],
];

describe('the state machine', () => {
  test.each(DOMAIN)('%o leads where the domain says, and is refused everywhere else', (transition, moves) => {
    const possible = EXECUTION_STATES.flatMap((state) => {
      try {
        return [`${state} ${ruleFor(transition, state).to.join('|')}`];
      } catch (error) {
        expect(error).toEqual(new TransitionRefused(transition.name, state));
        return [];
      }
    });
    expect(possible).toEqual(EXECUTION_STATES.flatMap((state) => moves.filter((move) => move.split(' ')[0] === state)));
  });

  test('every state but INVALID is the one that its columns make', () => {
    for (const state of EXECUTION_STATES) {
      if (state === 'INVALID') continue;
      expect(executionState({ ...columnsOf(state), queueDepth: state.endsWith('1') ? 1 : 0 })).toBe(state);
    }
  });

  test('a status that nobody knows is INVALID, whatever else the row says', () => {
    for (const status of ['paused', 'pending', 'completed', 'tomorrow', '', 'constructor']) {
      for (const archived of [true, false]) expect(executionState({ status, archived, queueDepth: 0 })).toBe('INVALID');
    }
  });
});
