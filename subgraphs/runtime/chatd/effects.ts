/** The effects of transitions on the rows. They run in the transaction that holds the chat's row lock. */
import type { ClientBase } from 'pg';
import type { ExecutionState } from '../../../domain/executionState.ts';
import type { NewMessage } from '../../../domain/messages.ts';
import type { Effect } from '../../../domain/stateMachine.ts';
import { type Transition, TransitionRefused } from '../../../domain/transitions.ts';
import { ASSIGNMENTS } from './assignments.ts';
import { messagesOfTransition, need } from './effectArguments.ts';
import { leasesGone, UNOWNED } from './givenUp.ts';
import { CANCELLED, mismatch, NOBODY_ANSWERED, openCalls, toolMessage } from './openCalls.ts';
import { storableJson } from './storable.ts';

/** The transaction, its chat, and the transition. */
interface Execution {
  readonly tx: ClientBase;
  readonly chatId: string;
  readonly state: ExecutionState;
  readonly queueDepth: number;
  readonly transition: Transition;
}

/** @returns the change in the number of queued messages; anything but a number means none */
type Run = (execution: Execution) => Promise<unknown>;

const OWN_LEASE = 'chats ON chats.id = beat.chat_id AND chats.runner_id = beat.runner_id AND chats.id = $1';

const clearQueue: Run = async (execution) => {
  await sql(execution, 'DELETE FROM chat_queued_messages WHERE chat_id = $1');
  return -execution.queueDepth;
};

const RUN: Readonly<Partial<Record<Effect, Run>>> = {
  append: ({ tx, chatId, transition }) => append(tx, chatId, messagesOfTransition(transition)),
  enqueue: async (execution) => {
    const { content, createdBy } = need(execution.transition, 'message');
    await sql(
      execution,
      `INSERT INTO chat_queued_messages (chat_id, content, created_by, position)
       SELECT $1, $2, $3, least(coalesce(max(position), 0), 9223372036854775806) + 1 FROM chat_queued_messages WHERE chat_id = $1`,
      storableJson(content),
      createdBy,
    );
    return 1;
  },
  moveToHead: (execution) =>
    named(
      execution,
      `UPDATE chat_queued_messages SET position =
         (SELECT min(position) - 1 FROM chat_queued_messages WHERE chat_id = $1) WHERE chat_id = $1 AND id = $2`,
    ),
  removeQueued: async (execution) => {
    if ('all' in execution.transition) return clearQueue(execution);
    await named(execution, 'DELETE FROM chat_queued_messages WHERE chat_id = $1 AND id = $2');
    return -1;
  },
  clearQueue,
  promoteHead: async (execution) => {
    await sql(
      execution,
      `WITH head AS (
         DELETE FROM chat_queued_messages WHERE chat_id = $1 AND id = (
           SELECT id FROM chat_queued_messages WHERE chat_id = $1 ORDER BY position, id LIMIT 1)
         RETURNING content)
       INSERT INTO chat_messages (chat_id, role, content) SELECT $1, 'user', content FROM head`,
    );
    return -1;
  },
  deleteFrom: async (execution) => {
    const { transition, state } = execution;
    const { rowCount } = await sql(
      execution,
      `UPDATE chat_messages SET deleted = true WHERE chat_id = $1 AND NOT deleted AND id >= $2
         AND EXISTS (SELECT FROM chat_messages WHERE chat_id = $1 AND id = $2 AND role = 'user' AND NOT deleted)`,
      need(transition, 'messageId'),
    );
    if (!rowCount) throw new TransitionRefused(transition.name, state, 'the chat has no such message of a person');
  },
  cancelOpenCalls: async ({ tx, chatId, transition }) => {
    const calls = openCalls(await readContents(tx, chatId));
    const why = transition.name === 'cancelRequiresAction' ? NOBODY_ANSWERED : CANCELLED;
    if (calls.length > 0) await append(tx, chatId, [toolMessage(calls, [], why)]);
  },
  answerOpenCalls: async ({ tx, chatId, transition, state }) => {
    const results = need(transition, 'results');
    const calls = openCalls(await readContents(tx, chatId));
    const wrong = mismatch(calls, results);
    if (wrong) throw new TransitionRefused(transition.name, state, wrong);
    await append(tx, chatId, [toolMessage(calls, results)]);
  },
  releaseOwner: (execution) => {
    const { transition } = execution;
    if (transition.name === 'abandon' && transition.leavesLease)
      return sql(execution, `UPDATE chats SET ${UNOWNED} WHERE id = $1`);
    return sql(
      execution,
      `WITH released AS (UPDATE chats SET ${UNOWNED} WHERE id = $1), ${leasesGone(OWN_LEASE)} SELECT`,
    );
  },
};

/**
 * Executes one effect.
 * @returns the change in the number of queued messages
 * @throws TransitionRefused if an object of the transition does not exist
 */
export async function runEffect(effect: Effect, execution: Execution): Promise<number> {
  const change = await (RUN[effect] ?? assign(effect))(execution);
  return typeof change === 'number' ? change : 0;
}

/**
 * Statement that inserts messages into a history, in their order.
 * @param chat SQL of a row with the chat's `id`
 * @param messages SQL of their JSON
 */
export const insertMessages = (chat: string, messages: string): string => `
  INSERT INTO chat_messages (chat_id, role, content, finish_reason)
  SELECT chat.id, (message ->> 'role')::chat_message_role, message -> 'content', message ->> 'finishReason'
  FROM ${chat}, jsonb_array_elements(${messages}::jsonb) WITH ORDINALITY AS list (message, place) ORDER BY place`;

/**
 * Inserts messages into the history, in their order. The trigger sets their revision and the chat's history_version.
 */
export async function append(tx: ClientBase, chatId: string, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await tx.query(insertMessages('(SELECT $1::uuid AS id) chat', '$2'), [chatId, storableJson(messages)]);
}

const sql = ({ tx, chatId }: Execution, text: string, ...values: unknown[]) => tx.query(text, [chatId, ...values]);

/** Runs an effect that sets columns. */
const assign =
  (effect: Effect): Run =>
  async (execution) => {
    const assignment = ASSIGNMENTS[effect];
    if (!assignment) throw new Error(`Nobody knows the effect ${effect}`);
    const values: unknown[] = [];
    const parameter = (value: unknown) => `$${values.push(value) + 1}`;
    await sql(execution, `UPDATE chats SET ${assignment(execution.transition, parameter)} WHERE id = $1`, ...values);
  };

/** Runs a statement on the queued message that the transition names. */
async function named(execution: Execution, text: string): Promise<void> {
  const { transition, state } = execution;
  const { rowCount } = await sql(execution, text, need(transition, 'queuedId'));
  if (!rowCount) throw new TransitionRefused(transition.name, state, 'the chat has no such queued message');
}

async function readContents(tx: ClientBase, chatId: string): Promise<{ content: unknown }[]> {
  const { rows } = await tx.query<{ content: unknown }>(
    'SELECT content FROM chat_messages WHERE chat_id = $1 AND NOT deleted ORDER BY id',
    [chatId],
  );
  return rows;
}
