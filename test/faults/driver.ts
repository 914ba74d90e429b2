/** The people: they open chats, send, interrupt and answer tools as planned, and note what was accepted. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { systemClock } from '../../common/clock.ts';
import { textContent } from '../../domain/messages.ts';
import { type Transition, TransitionRefused } from '../../domain/transitions.ts';
import type { ChatState } from '../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { openCalls } from '../../subgraphs/runtime/chatd/openCalls.ts';
import type { ChatLog } from './chatLog.ts';
import { orDatabaseAway } from './databaseAway.ts';
import type { PlannedAction, PlannedChat, PlannedMessage } from './plan.ts';

const RETRY_MS = 100;
const ANSWER_EVERY_MS = 300;
const ownerId = randomUUID();

/** `unknown`: the database went away before it had answered. */
type Asked = { kind: 'done'; chat: ChatState } | { kind: 'refused' } | { kind: 'unknown' };

export class Driver {
  readonly logs: ChatLog[] = [];
  readonly #pool: Pool;
  readonly #store: ChatStore;
  readonly #signal: AbortSignal;

  /** @param signal ends everything */
  constructor(pool: Pool, signal: AbortSignal) {
    this.#pool = pool;
    this.#store = new ChatStore(pool);
    this.#signal = signal;
  }

  /** One chat from its beginning to the last thing that is planned for it. */
  async drive(plan: PlannedChat): Promise<void> {
    await systemClock.sleep(plan.atMs, this.#signal);
    const id = await this.#create(plan.first);
    if (!id) return;
    const log: ChatLog = { id, accepted: [plan.first], cuts: [] };
    this.logs.push(log);
    for (const action of plan.afterwards) {
      await systemClock.sleep(action.afterMs, this.#signal);
      if (this.#signal.aborted) return;
      await this.#act(log, action);
    }
  }

  async #create({ text, tag }: PlannedMessage): Promise<string | undefined> {
    while (!this.#signal.aborted) {
      const created = await this.#ask(() => this.#store.create({ ownerId, text }));
      if (created.kind === 'done') return created.chat.id;
      const [found] = await this.#find('SELECT id FROM chats WHERE title LIKE $1', tag);
      if (found) return found;
    }
    return undefined;
  }

  async #act(log: ChatLog, action: PlannedAction): Promise<void> {
    const { name } = action;
    const transition: Transition =
      name === 'interrupt'
        ? { name }
        : { name, message: { content: textContent(action.message.text), createdBy: ownerId } };
    const asked = await this.#ask(() => this.#store.apply(log.id, transition));
    if (asked.kind === 'refused') return;
    if (name !== 'interrupt' && (asked.kind === 'done' || (await this.#arrived(action.message)))) {
      log.accepted.push(action.message);
    }
    if (name === 'send') return;
    if (asked.kind === 'unknown') log.cuts.push({ kind: 'unknown' });
    else {
      const { status, snapshotVersion: version } = asked.chat;
      log.cuts.push({ kind: status === 'interrupting' ? 'stopped' : 'cancelled', version });
    }
  }

  /** True if a message is there though nobody said so. What was not committed when the server ended never will be. */
  async #arrived({ tag }: PlannedMessage): Promise<boolean> {
    const found = await this.#find(
      `SELECT chat_id FROM chat_messages WHERE content::text LIKE $1 AND role = 'user'
       UNION ALL SELECT chat_id FROM chat_queued_messages WHERE content::text LIKE $1`,
      tag,
    );
    return found.length > 0;
  }

  /** The ids of the rows with this tag, once the database is back. */
  async #find(query: string, tag: string): Promise<string[]> {
    while (!this.#signal.aborted) {
      const result = await orDatabaseAway(this.#pool.query({ text: query, values: [`%${tag}%`], rowMode: 'array' }));
      if (result !== 'away') return result.rows.map(([id]) => id as string);
      await systemClock.sleep(RETRY_MS, this.#signal);
    }
    return [];
  }

  async #ask(work: () => Promise<ChatState>): Promise<Asked> {
    try {
      const chat = await orDatabaseAway(work());
      return chat === 'away' ? { kind: 'unknown' } : { kind: 'done', chat };
    } catch (error) {
      if (error instanceof TransitionRefused) return { kind: 'refused' };
      throw error;
    }
  }

  /** Answers every call of the tool `ask` until the signal aborts. */
  async answerTools(): Promise<void> {
    while (!this.#signal.aborted) {
      const waiting = await orDatabaseAway(
        this.#pool.query<{ id: string; history: { content: unknown }[] }>(
          `SELECT chats.id, json_agg(json_build_object('content', content) ORDER BY chat_messages.id) AS history
           FROM chats JOIN chat_messages ON chat_id = chats.id WHERE status = 'requires_action' GROUP BY chats.id`,
        ),
      );
      for (const { id, history } of waiting === 'away' ? [] : waiting.rows) {
        const calls = openCalls(history);
        if (calls.length === 0 || calls.some(({ toolName }) => toolName !== 'ask')) continue;
        const results = calls.map(({ toolCallId }) => ({ toolCallId, output: { answer: 42 } }));
        await this.#ask(() => this.#store.apply(id, { name: 'completeRequiresAction', results }));
      }
      await systemClock.sleep(ANSWER_EVERY_MS, this.#signal);
    }
  }
}
