/** What is offered on a chat, and what is said of it. */
import { describe, expect, test } from '@jest/globals';
import { CHAT_ACTIONS } from '../../../domain/actions/names.ts';
import { possibleAction, whyImpossible } from '../../../domain/actions/offers.ts';
import type { ExecutionState } from '../../../domain/executionState.ts';

const chat = (state: ExecutionState, queueDepth = 0) => ({ state, workerId: 'w', runnerId: 'r', queueDepth });

describe('a chat in no valid state', () => {
  test('is not being interrupted, and cannot be', () => {
    expect(whyImpossible('INTERRUPT_CHAT', chat('INVALID'))).toBe(
      'This is possible in R0, R1, A0, A1. The chat is in INVALID.',
    );
  });

  test('is taken by no worker once it is released', () => {
    const { changes, answers } = possibleAction('RELEASE_CHAT', chat('INVALID', 1));
    expect(changes).toBe('The row names no owner any more. No worker takes the chat before its state is repaired.');
    expect(answers).toEqual(['DUPLICATE_RUNNERS']);
  });

  test('can be repaired and released, and nothing else', () => {
    const allowed = CHAT_ACTIONS.filter((action) => whyImpossible(action, chat('INVALID', 1)) === undefined);
    expect(allowed).toEqual(['RELEASE_CHAT', 'RECONCILE_CHAT']);
  });
});

describe('a chat that its owner loses', () => {
  const lost = (state: ExecutionState) => possibleAction('RELEASE_CHAT', chat(state, 2)).changes;

  test('begins its step anew only while one runs', () => {
    expect(lost('R1')).toMatch(/The step that runs now is begun anew; committed steps stay\./);
    expect(lost('I1')).not.toMatch(/begun anew/);
    expect(lost('A1')).not.toMatch(/begun anew/);
  });

  test('loses what was streamed while it is being interrupted, and goes on waiting for a tool', () => {
    expect(lost('I1')).toMatch(/ends the turn\. What was streamed and is not committed is lost\./);
    expect(lost('I1')).toMatch(/The first queued message is answered next\./);
    expect(lost('A1')).toMatch(/The wait for the tool goes on, and its deadline stays\. All 2 queued messages stay\./);
  });
});

test('a chat whose status this version does not know may be a newer version’s, which its repair says', () => {
  const known = possibleAction('RECONCILE_CHAT', { ...chat('INVALID'), status: 'paused' }).changes;
  const unknown = possibleAction('RECONCILE_CHAT', { ...chat('INVALID'), status: 'dreaming' }).changes;
  expect(known).toBe('The chat becomes a failed one that is not archived. Open tool calls get a cancelled result.');
  expect(unknown).toBe(
    `This version does not know the status of the chat: if a newer one wrote it, its work is ended. ${known}`,
  );
});

test('a chat at rest is taken by no worker once it is released', () => {
  expect(possibleAction('RELEASE_CHAT', chat('E1', 1)).changes).toBe(
    'The row names no owner any more. No worker takes the chat: it is at rest.',
  );
});
