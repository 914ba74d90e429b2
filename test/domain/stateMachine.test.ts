import { describe, expect, test } from '@jest/globals';
import { EXECUTION_STATES, executionState } from '../../domain/executionState.ts';
import { columnsOf, TABLE } from '../../domain/stateMachine.ts';
import type { TransitionName } from '../../domain/transitions.ts';

/** The domain's table, written out: transition, then `from to` for every state in which it is possible. */
const DOMAIN: Record<TransitionName, string> = {
  send: 'W R0, E0 R0, E1 R1, R0 R1, R1 R1, I0 I1, I1 I1, A0 A1, A1 A1',
  sendInterrupting: 'W R0, E0 R0, E1 R1, R0 I1, R1 I1, I0 I1, I1 I1, A0 R1, A1 R1',
  edit: 'W R0, E0 R0, E1 R0, R0 R0, R1 R0, I0 R0, I1 R0, A0 R0, A1 R0',
  interrupt: 'R0 I0, R1 I1, A0 R0, A1 R1',
  completeRequiresAction: 'A0 R0, A1 R1',
  deleteQueued: 'E1 E0|E1, R1 R0|R1, I1 I0|I1, A1 A0|A1',
  promoteQueued: 'E1 R0|R1, A1 R0|R1, R1 I1, I1 I1',
  archive: 'W XW, E0 XE0, E1 XE1',
  unarchive: 'XW W, XE0 E0, XE1 E1',
  recordGenerationAttempt: 'R0 R0, R1 R1',
  recordRetryState: 'R0 R0, R1 R1',
  commitStep: 'R0 R0, R1 R1',
  finishTurn: 'R0 W, R1 R0|R1',
  finishInterruption: 'I0 W, I1 R0|R1',
  enterRequiresAction: 'R0 A0, R1 A1',
  cancelRequiresAction: 'A0 R0, A1 R1',
  finishError: 'R0 E0, R1 E1',
  retry: 'E0 R0, E1 R1',
  reconcileInvalidState: 'INVALID E0|E1',
  abandon: EXECUTION_STATES.map((state) => `${state} ${state}`).join(', '),
};

describe('the state machine', () => {
  test.each(Object.entries(DOMAIN))('%s leads where the domain says, and is refused everywhere else', (name, moves) => {
    const rules = TABLE[name as TransitionName];
    const written = moves.split(', ').sort();
    const possible = EXECUTION_STATES.flatMap((state) => {
      const rule = rules[state];
      return rule ? [`${state} ${rule.to.join('|')}`] : [];
    });
    expect(possible.sort()).toEqual(written);
  });

  test('leaving an error clears it, archiving apart', () => {
    for (const [name, rules] of Object.entries(TABLE)) {
      for (const from of ['E0', 'E1'] as const) {
        const rule = rules[from];
        if (!rule || rule.to[0]?.includes('E')) continue;
        expect([name, rule.does]).toEqual([name, expect.arrayContaining(['clearLastError'])]);
      }
    }
  });

  test('leaving the wait for a tool clears the deadline, and closes the open calls but for their answer and an edit', () => {
    for (const [name, rules] of Object.entries(TABLE)) {
      for (const from of ['A0', 'A1'] as const) {
        const rule = rules[from];
        if (!rule || rule.to[0]?.startsWith('A')) continue;
        expect([name, rule.does]).toEqual([name, expect.arrayContaining(['clearDeadline'])]);
        const closes = rule.does.includes('cancelOpenCalls');
        expect([name, closes]).toEqual([name, !['completeRequiresAction', 'edit'].includes(name)]);
      }
    }
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
