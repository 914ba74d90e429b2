/** What each effect of a transition does to the rows. Runs inside the transaction that holds the chat's row lock. */
import type { ClientBase } from 'pg';
import type { NewMessage } from './messages.ts';
import type { Effect, Transition } from './stateMachine.ts';

/** Executes one effect. @returns by how much it changed the number of queued messages */
export async function runEffect(
  tx: ClientBase,
  chatId: string,
  effect: Effect,
  transition: Transition,
): Promise<number> {
  const run = (text: string, ...values: unknown[]) => tx.query({ text, values: [chatId, ...values] });
  switch (effect) {
    case 'append':
      await append(tx, chatId, messagesFrom(transition));
      return 0;
    case 'enqueue':
      if (transition.name !== 'send') throw new Error(`${transition.name} has nothing to enqueue`);
      await run(
        `INSERT INTO chat_queued_messages (chat_id, content, created_by, position)
         SELECT $1, $2, $3, coalesce(max(position), 0) + 1 FROM chat_queued_messages WHERE chat_id = $1`,
        JSON.stringify(transition.content),
        transition.createdBy,
      );
      return 1;
    case 'promoteHead':
      await run(
        `WITH head AS (
           DELETE FROM chat_queued_messages WHERE id = (
             SELECT id FROM chat_queued_messages WHERE chat_id = $1 ORDER BY position, id LIMIT 1)
           RETURNING content)
         INSERT INTO chat_messages (chat_id, role, content) SELECT $1, 'user', content FROM head`,
      );
      return -1;
    case 'clearLastError':
      await run('UPDATE chats SET last_error = NULL WHERE id = $1');
      return 0;
    case 'setLastError':
      if (transition.name !== 'finishError') throw new Error(`${transition.name} has no error to record`);
      await run('UPDATE chats SET last_error = $2 WHERE id = $1', JSON.stringify(transition.error));
      return 0;
    case 'countAttempt':
      await run('UPDATE chats SET generation_attempt = generation_attempt + 1 WHERE id = $1');
      return 0;
    case 'setRetryState':
      if (transition.name !== 'recordRetryState') throw new Error(`${transition.name} has no retry to record`);
      await run(
        `UPDATE chats SET retry_state = $2::jsonb
           || jsonb_build_object('retrying_at', now() + $3 * interval '1 millisecond') WHERE id = $1`,
        JSON.stringify(transition.retry),
        transition.delayMs,
      );
      return 0;
    case 'releaseOwner':
      await run(
        `WITH released AS (UPDATE chats SET worker_id = NULL, runner_id = NULL WHERE id = $1)
         DELETE FROM chat_heartbeats USING chats
         WHERE chats.id = $1 AND chat_id = $1 AND chat_heartbeats.runner_id = chats.runner_id`,
      );
      return 0;
    default:
      return effect satisfies never;
  }
}

function messagesFrom(transition: Transition): readonly NewMessage[] {
  if (transition.name === 'send') return [{ role: 'user', content: transition.content }];
  if ('messages' in transition) return transition.messages;
  throw new Error(`${transition.name} has no messages to append`);
}

/** Inserts messages into the history, in their order. The trigger sets their revision and the chat's history_version. */
export async function append(tx: ClientBase, chatId: string, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await tx.query(
    `INSERT INTO chat_messages (chat_id, role, content)
     SELECT $1, (message ->> 'role')::chat_message_role, message -> 'content'
     FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS list (message, place) ORDER BY place`,
    [chatId, JSON.stringify(messages)],
  );
}
