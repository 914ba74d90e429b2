/** Transitions of one chat within a transaction: its row is locked, and each effect is run. */
import type { PoolClient } from 'pg';
import { executionState } from '../../../domain/executionState.ts';
import { columnsOf, ruleFor } from '../../../domain/stateMachine.ts';
import type { Transition } from '../../../domain/transitions.ts';
import { type ChatState, countedUp, readChats } from './chatState.ts';
import { runEffect } from './effects.ts';
import { type Teller, toldBy } from './events.ts';

/** A chat that a transaction changed, before and after. Undefined before: it is new. */
export interface Change {
  readonly before: ChatState | undefined;
  readonly after: ChatState;
}

/**
 * Locks the row by counting its version up, and then reads it and its queue by a second statement.
 * A statement that waits for a lock sees other tables as they were before the wait.
 */
export async function lockAndCount(
  tx: PoolClient,
  chatId: string,
  { by, actorId, transitions }: Teller,
): Promise<ChatState | undefined> {
  const count = `UPDATE chats SET snapshot_version = ${countedUp('snapshot_version')}, updated_at = now() WHERE id = $1
    RETURNING ${toldBy('$2', '$3', '$4')}`;
  await tx.query(count, [chatId, by, actorId ?? '', transitions.join()]);
  return (await readChats(tx, [chatId]))[0];
}

/** Applies transitions to a locked chat. @returns the chat before and after, with what the triggers did */
export async function applyTransitions(
  tx: PoolClient,
  chat: ChatState,
  transitions: readonly Transition[],
): Promise<Change> {
  let { status, archived, queueDepth } = chat;
  for (const transition of transitions) {
    const state = executionState({ ...chat, status, archived, queueDepth });
    const rule = ruleFor(transition, state);
    for (const effect of rule.does) {
      queueDepth += await runEffect(effect, { tx, chatId: chat.id, state, queueDepth, transition });
    }
    const target = rule.to[0] ?? 'INVALID';
    if (target === state || target === 'INVALID') continue;
    ({ status, archived } = columnsOf(target));
    await tx.query('UPDATE chats SET status = $2::text::chat_status, archived = $3 WHERE id = $1', [
      chat.id,
      status,
      archived,
    ]);
    const reached = executionState({ ...chat, status, archived, queueDepth });
    if (!rule.to.includes(reached)) throw new Error(`${transition.name} led from ${state} to ${reached}`);
  }
  return { before: chat, after: await readThere(tx, chat.id) };
}

/** Reads a row that is there, after the triggers. */
export async function readThere(tx: PoolClient, chatId: string): Promise<ChatState> {
  return (await readChats(tx, [chatId]))[0] as ChatState;
}
