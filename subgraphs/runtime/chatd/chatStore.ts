/**
 * The one place that changes chats. A transaction does all of this, or nothing:
 *
 * 1. It locks the chat's row and adds 1 to `snapshot_version`.
 * 2. It applies one or several transitions of the state machine.
 *
 * After the commit it notifies.
 */
import type { Pool, PoolClient } from 'pg';
import { type Clock, systemClock } from '../../../common/clock.ts';
import { cut } from '../../../domain/cut.ts';
import { executionState, isRunnable } from '../../../domain/executionState.ts';
import { textContent } from '../../../domain/messages.ts';
import { ChatNotFound, type Transition } from '../../../domain/transitions.ts';
import { Announcements } from './announcements.ts';
import { applyTransitions, type Change, lockAndCount, readThere } from './applyTransitions.ts';
import { type ChatState, readChats } from './chatState.ts';
import { isOfAll } from './databaseFailure.ts';
import { append } from './effects.ts';
import { askedFor, namesOf, type Teller, toldBy } from './events.ts';
import { lockFamily } from './families.ts';
import { HISTORY_COLUMN, type HistoryRow } from './history.ts';
import { planStatement, run } from './oneStatement.ts';
import { storableText } from './storable.ts';
import { inTransaction } from './transaction.ts';

/** Facts about the row that must still hold under the lock; otherwise the write does nothing. */
interface Fence {
  readonly runnerId: string;
  readonly status?: string;
  readonly historyVersion?: number;
  /** Chat as the caller saw it. With it the write is tried in one statement first. */
  readonly seen?: ChatState;
}

/** Outcome of a fenced write. `lost`: the fence no longer holds, and nothing was written. That is no error. */
export type WriteOutcome = { kind: 'done'; chat: ChatState } | { kind: 'lost'; chat: ChatState | undefined };

export class ChatStore {
  readonly announcements: Announcements;
  readonly #pool: Pool;

  constructor(pool: Pool, clock: Clock = systemClock) {
    this.#pool = pool;
    this.announcements = new Announcements(pool, clock);
  }

  /** Creates a chat in R0 with one message of its owner; with `parentId`, a child in the parent's family. */
  async create({ ownerId, text, parentId }: { ownerId: string; text: string; parentId?: string }): Promise<ChatState> {
    const after = await inTransaction(this.#pool, async (tx) => {
      const title = text.length > 80 ? cut(text, 79) : text;
      const { rows } = await tx.query<{ id: string }>(
        `INSERT INTO chats (owner_id, title, status, parent_chat_id, root_chat_id)
         VALUES ($1, $2, 'running', $3, (SELECT coalesce(root_chat_id, id) FROM chats WHERE id = $3))
         RETURNING id, ${toldBy(`'person'`, 'owner_id::text', `'create'`)}`,
        [ownerId, storableText(title), parentId ?? null],
      );
      const id = (rows[0] as { id: string }).id;
      await append(tx, id, [{ role: 'user', content: textContent(text) }]);
      return readThere(tx, id);
    });
    this.tell({ before: undefined, after });
    await this.announcements.sent();
    return after;
  }

  /**
   * Applies transitions together for a person or an operator, whoever owns the chat.
   * @throws ChatNotFound, TransitionRefused
   */
  async apply(chatId: string, ...transitions: Transition[]): Promise<ChatState> {
    const changes = await inTransaction(this.#pool, async (tx) => {
      const [first] = transitions;
      const familial = first?.name === 'archive' || first?.name === 'unarchive';
      const [, ...others] = familial ? await lockFamily(tx, chatId, first) : [chatId];
      const teller = askedFor(transitions);
      const chat = await lockAndCount(tx, chatId, teller);
      if (!chat) throw new ChatNotFound(`There is no chat ${chatId}.`);
      const done = [await applyTransitions(tx, chat, transitions)];
      for (const id of others) {
        const member = await lockAndCount(tx, id, teller);
        if (member) done.push(await applyTransitions(tx, member, transitions));
      }
      return done;
    });
    for (const change of changes) this.tell(change);
    await this.announcements.sent();
    return (changes[0] as Change).after;
  }

  /**
   * Applies transitions to one chat inside the caller's transaction. Call `tell` once that is committed.
   * @throws ChatNotFound, TransitionRefused; the caller then rolls back
   */
  async applyWithin(
    tx: PoolClient,
    chatId: string,
    by: Omit<Teller, 'transitions'>,
    transitions: readonly Transition[],
  ): Promise<Change> {
    const chat = await lockAndCount(tx, chatId, { ...by, transitions: [...new Set(namesOf(transitions))] });
    if (!chat) throw new ChatNotFound(`There is no chat ${chatId}.`);
    return applyTransitions(tx, chat, transitions);
  }

  /**
   * Applies transitions together for a runner, if the fence holds. A chat that was seen, and comes to rest, is usually given
   * up with it.
   * @throws TransitionRefused
   */
  async applyFenced(chatId: string, fence: Fence, ...transitions: Transition[]): Promise<WriteOutcome> {
    const { seen, runnerId } = fence;
    const after = seen && (await this.#atOnce(seen, planStatement(seen, runnerId, transitions)));
    if (after) return { kind: 'done', chat: after };
    const change = await inTransaction<Change | { lost: ChatState | undefined }>(this.#pool, async (tx) => {
      const chat = await lockAndCount(tx, chatId, { by: 'worker', actorId: null, transitions: namesOf(transitions) });
      if (chat && holds(fence, chat)) return applyTransitions(tx, chat, transitions);
      await tx.query('ROLLBACK');
      return { lost: chat && (await readChats(tx, [chatId]))[0] };
    });
    if ('lost' in change) return { kind: 'lost', chat: change.lost };
    this.tell(change);
    return { kind: 'done', chat: change.after };
  }

  /**
   * Counts an attempt for a runner, and reads the history that it is for, in one statement.
   * @returns undefined: nothing was written, as when the fence does not hold
   */
  async begin(seen: ChatState, runnerId: string): Promise<{ chat: ChatState; rows: HistoryRow[] } | undefined> {
    const columns = { name: 'with history', sql: HISTORY_COLUMN };
    const statement = planStatement(seen, runnerId, [{ name: 'recordGenerationAttempt' }], columns);
    const read = await this.#atOnce<ChatState & { history: HistoryRow[] }>(seen, statement);
    if (!read) return undefined;
    const { history: rows, ...chat } = read;
    return { chat, rows };
  }

  /**
   * Tries the quick way.
   * @returns undefined: nothing was written, and the slow way finds out why
   */
  async #atOnce<T extends ChatState>(
    before: ChatState,
    statement: ReturnType<typeof planStatement>,
  ): Promise<T | undefined> {
    try {
      const after = statement && (await run<T>(this.#pool, statement));
      if (after) this.tell({ before, after });
      return after;
    } catch (error) {
      if (isOfAll(error)) throw error;
      return undefined;
    }
  }

  /**
   * Tells of a change that is committed. Workers are woken for a runnable chat that nobody owns, and for
   * one that was at rest: its former owner may be long gone.
   */
  tell({ before, after }: Change): void {
    const isOwned = after.workerId !== null && after.runnerId !== null;
    const wasRunnable = before !== undefined && isRunnable(executionState(before));
    this.announcements.tell(after);
    if (isRunnable(executionState(after)) && !(isOwned && wasRunnable)) this.announcements.tellFree(after.id);
  }
}

const holds = (fence: Fence, chat: ChatState): boolean =>
  fence.runnerId === chat.runnerId &&
  (fence.status ?? chat.status) === chat.status &&
  (fence.historyVersion ?? chat.historyVersion) === chat.historyVersion;
