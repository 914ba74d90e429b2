/** A client that asks for transitions by name, on a chat as it is: finds the ids that they need in the rows. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { textContent } from '../../domain/messages.ts';
import type { Transition, TransitionName } from '../../domain/transitions.ts';
import type { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { openCalls } from '../../subgraphs/runtime/chatd/openCalls.ts';

const message = { content: textContent('more'), createdBy: randomUUID() };
const error = { kind: 'k', message: 'm', provider: 'p', status_code: null, retryable: false };

export class ChatClient {
  readonly #pool: Pool;
  readonly #store: ChatStore;

  constructor(pool: Pool, store: ChatStore) {
    this.#pool = pool;
    this.#store = store;
  }

  async ask(chatId: string, names: readonly TransitionName[], calls = 0) {
    const transitions: Transition[] = [];
    for (const name of names) transitions.push(await this.#transition(chatId, name, calls));
    return this.#store.apply(chatId, ...transitions);
  }

  async #transition(chatId: string, name: TransitionName, calls: number): Promise<Transition> {
    switch (name) {
      case 'send':
      case 'sendInterrupting':
        return { name, message };
      case 'edit':
        return {
          name,
          message,
          messageId: await this.#first(chatId, 'chat_messages', `role = 'user' AND NOT deleted`),
        };
      case 'deleteQueued':
      case 'promoteQueued':
        return { name, queuedId: await this.#first(chatId, 'chat_queued_messages', 'true') };
      case 'completeRequiresAction': {
        const open = openCalls((await this.#pool.query(HISTORY, [chatId])).rows);
        return { name, results: open.map(({ toolCallId }) => ({ toolCallId, output: 1 })) };
      }
      case 'recordRetryState':
        return { name, retry: { attempt: 1, error: 'e', kind: 'k' }, delayMs: 1000 };
      case 'commitStep':
      case 'finishInterruption':
        return { name, messages: [{ role: 'assistant', content: [...textContent('hi'), ...callParts(calls)] }] };
      case 'enterRequiresAction':
        return { name, timeoutSeconds: 300 };
      case 'finishError':
      case 'reconcileInvalidState':
        return { name, error };
      default:
        return { name };
    }
  }

  /** The id of the oldest such row; 0 when there is none, which no row has. */
  async #first(chatId: string, table: string, condition: string): Promise<string> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `SELECT id FROM ${table} WHERE chat_id = $1 AND ${condition} ORDER BY id LIMIT 1`,
      [chatId],
    );
    return rows[0]?.id ?? '0';
  }
}

const HISTORY = 'SELECT content FROM chat_messages WHERE chat_id = $1 AND NOT deleted ORDER BY id';

const callParts = (calls: number) =>
  Array.from({ length: calls }, () => ({ type: 'tool-call', toolCallId: randomUUID(), toolName: 'ask', input: {} }));
