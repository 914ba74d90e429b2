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

test('a chat at rest is taken by no worker once it is released', () => {
  expect(possibleAction('RELEASE_CHAT', chat('E1', 1)).changes).toBe(
    'The row names no owner any more. No worker takes the chat: it is at rest.',
  );
});
