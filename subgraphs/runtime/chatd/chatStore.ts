/**
 * The one place that changes chats. A transaction locks the chat's row, adds 1 to `snapshot_version`, applies one or
 * several transitions of the state machine, and notifies: all of it, or nothing.
 */
import type { Pool, PoolClient } from 'pg';
import { isRunnable } from '../../../common/executionState.ts';
import { CHAT_COLUMNS, type ChatState, readChats, stateOf } from './chatState.ts';
import { append, runEffect } from './effects.ts';
import { textContent } from './messages.ts';
import { columnsOf, ruleFor, type Transition } from './stateMachine.ts';

/** What must still be true of the row when the lock is held, or the write does nothing. */
export interface Fence {
  readonly runnerId: string;
  readonly status?: string;
  readonly historyVersion?: number;
}

/** `lost`: the fence does not hold any more; nothing was written. Losing is an outcome, not an error. */
export type Outcome = { kind: 'done'; chat: ChatState } | { kind: 'lost'; chat: ChatState | undefined };

/** There is no such chat. */
export class ChatNotFound extends Error {
  override name = 'ChatNotFound';
}

export class ChatStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** `create`: a new chat in R0 with one message of its owner. */
  create({ ownerId, text }: { ownerId: string; text: string }): Promise<ChatState> {
    return this.#transaction(async (tx) => {
      const title = text.length > 80 ? `${text.slice(0, 79)}…` : text;
      const { rows } = await tx.query<{ id: string }>(
        `INSERT INTO chats (owner_id, title, status) VALUES ($1, $2, 'running') RETURNING id`,
        [ownerId, title],
      );
      const id = (rows[0] as { id: string }).id;
      await append(tx, id, [{ role: 'user', content: textContent(text) }]);
      return this.#finish(tx, id);
    });
  }

  /**
   * For a person: the transition happens, whoever owns the chat.
   * @throws ChatNotFound, TransitionRefused
   */
  async apply(chatId: string, ...transitions: Transition[]): Promise<ChatState> {
    const outcome = await this.#change(chatId, undefined, transitions);
    if (outcome.kind === 'lost') throw new ChatNotFound(`There is no chat ${chatId}.`);
    return outcome.chat;
  }

  /**
   * For a runner: the transitions happen together if the fence holds.
   * @throws TransitionRefused
   */
  applyFenced(chatId: string, fence: Fence, ...transitions: Transition[]): Promise<Outcome> {
    return this.#change(chatId, fence, transitions);
  }

  async #change(chatId: string, fence: Fence | undefined, transitions: readonly Transition[]): Promise<Outcome> {
    return this.#transaction<Outcome>(async (tx) => {
      const chat = await lockAndCount(tx, chatId);
      if (!chat) return { kind: 'lost', chat: undefined };
      if (fence && !holds(fence, chat)) {
        await tx.query('ROLLBACK');
        return { kind: 'lost', chat: (await readChats(tx, [chatId]))[0] };
      }
      await execute(tx, chat, transitions);
      return { kind: 'done', chat: await this.#finish(tx, chatId) };
    });
  }

  /** The row after the triggers, and the notifications, which Postgres sends at the commit. */
  async #finish(tx: PoolClient, chatId: string): Promise<ChatState> {
    const { rows } = await tx.query<ChatState>(
      `SELECT ${CHAT_COLUMNS}, pg_notify('chat_update',
         json_build_object('chat_id', id, 'snapshot_version', snapshot_version)::text)
       FROM chats WHERE id = $1`,
      [chatId],
    );
    const chat = rows[0] as ChatState;
    if (isRunnable(stateOf(chat)) && chat.runnerId === null) {
      await tx.query(`SELECT pg_notify('chat_ownership', $1)`, [chatId]);
    }
    return chat;
  }

  async #transaction<T>(work: (tx: PoolClient) => Promise<T>): Promise<T> {
    const tx = await this.#pool.connect();
    try {
      await tx.query('BEGIN');
      const result = await work(tx);
      await tx.query('COMMIT');
      tx.release();
      return result;
    } catch (error) {
      const failed = await tx.query('ROLLBACK').then(
        () => false,
        () => true,
      );
      tx.release(failed);
      throw error;
    }
  }
}

/** Takes the row lock by counting the version up: what comes after sees a row that nobody else can change. */
async function lockAndCount(tx: PoolClient, chatId: string): Promise<ChatState | undefined> {
  const { rows } = await tx.query<ChatState>(
    `UPDATE chats SET snapshot_version = snapshot_version + 1, updated_at = now() WHERE id = $1
     RETURNING ${CHAT_COLUMNS}`,
    [chatId],
  );
  return rows[0];
}

const holds = (fence: Fence, chat: ChatState): boolean =>
  fence.runnerId === chat.runnerId &&
  (fence.status ?? chat.status) === chat.status &&
  (fence.historyVersion ?? chat.historyVersion) === chat.historyVersion;

async function execute(tx: PoolClient, chat: ChatState, transitions: readonly Transition[]): Promise<void> {
  let { status, archived, queueDepth } = chat;
  for (const transition of transitions) {
    const state = stateOf({ ...chat, status, archived, queueDepth });
    const rule = ruleFor(transition, state);
    for (const effect of rule.does) queueDepth += await runEffect(tx, chat.id, effect, transition);
    const target = rule.to[0] ?? 'INVALID';
    if (target === state || target === 'INVALID') continue;
    ({ status, archived } = columnsOf(target));
    await tx.query('UPDATE chats SET status = $2::text::chat_status, archived = $3 WHERE id = $1', [
      chat.id,
      status,
      archived,
    ]);
    const reached = stateOf({ ...chat, status, archived, queueDepth });
    if (!rule.to.includes(reached)) throw new Error(`${transition.name} led from ${state} to ${reached}`);
  }
}
