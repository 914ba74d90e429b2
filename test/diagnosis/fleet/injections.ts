/**
 * Faults for a chat of a fleet, and what follows from each alone. Findings are reasoned from the fault, not from the
 * rules.
 * Of three replicas one stays well, one is cut off from the database, and one does not answer.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { FindingCode } from '../../../domain/diagnosis/rules.ts';
import { textContent } from '../../../domain/messages.ts';
import type { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { BUFFER_CAPACITY_BYTES } from '../../../subgraphs/runtime/chatd/messageBuffer.ts';
import { settled } from './settled.ts';

/** `nobody`: the chat comes when all replicas are full. */
export type Place = 'well' | 'cutOff' | 'silent' | 'nobody';

/** Tools of an injection, and facts about the other chats. */
export interface Tools {
  readonly pool: Pool;
  readonly store: ChatStore;
  /** The replica that stays well. */
  readonly wellId: string;
  /** One that stopped long ago. */
  readonly stoppedId: string;
  /** Keeps everybody else from the row of a chat until the run is over. */
  hold(chatId: string): Promise<void>;
}

export interface Injection {
  readonly kind: string;
  readonly place: Place;
  /** The first message. */
  readonly text: string;
  /** The status in which the chat is left alone until something is done to it. */
  readonly settles: string;
  readonly does?: (tools: Tools, chatId: string) => Promise<unknown>;
  /** `early`: while a replica has room to work on it; `late`: once all are full, so that no other one takes the chat. */
  readonly when?: 'early' | 'late';
  /** All that is to be found. */
  readonly expects: readonly FindingCode[];
  /** Present if it is not so for a moment between two pauses. */
  readonly flickers?: true;
}

const RESTING = { text: 'hello', settles: 'waiting' };
const WORKING = { text: '/slow 86400', settles: 'running' };
const SILENT = { text: '/stall', settles: 'running' };
const WAITING = { text: '/tool ask', settles: 'requires_action' };
const LOOPING = { text: '/loop ask', settles: 'requires_action' };
const FAILING = { text: '/fail', settles: 'running' };
const WORDY = { text: `/stall ${'x'.repeat(BUFFER_CAPACITY_BYTES)}`, settles: 'running' };

const edit = (sql: string) => (tools: Tools, chatId: string) => tools.pool.query(sql, [chatId]);
const message = { content: textContent('again'), createdBy: randomUUID() };
const send = { name: 'send', message } as const;

/** A history that no model takes, so that the next turn fails. */
const corrupt = edit(`UPDATE chat_messages SET content = '{"broken": true}' WHERE chat_id = $1`);

/** Makes a chat at rest one that is said to be at work, with a fresh lease. */
async function give({ pool }: Tools, chatId: string, workerId: string): Promise<void> {
  const runnerId = randomUUID();
  await pool.query('INSERT INTO chat_heartbeats VALUES ($1, $2, now())', [chatId, runnerId]);
  await pool.query(`UPDATE chats SET status = 'running', worker_id = $2, runner_id = $3 WHERE id = $1`, [
    chatId,
    workerId,
    runnerId,
  ]);
}

/** Waits until the chat has an owner. */
const owned = (pool: Pool, id: string) => settled(pool, [{ id }], 'worker_id IS NOT NULL');

/** A change of the row by hand is counted up, so a replica that is cut off is behind it as well. */
const CUT_OFF: readonly FindingCode[] = ['LEASE_ENDANGERED'];
const GONE: readonly FindingCode[] = ['OWNER_UNREACHABLE'];

export const INJECTIONS: readonly Injection[] = [
  { kind: 'at rest', place: 'well', ...RESTING, expects: [] },
  {
    kind: 'archived',
    place: 'well',
    ...RESTING,
    does: ({ store }, id) => store.apply(id, { name: 'archive' }),
    expects: [],
  },
  { kind: 'at work', place: 'well', ...WORKING, expects: ['QUIET'] },
  { kind: 'model silent', place: 'well', ...SILENT, expects: ['NO_PROGRESS'] },
  { kind: 'model fails', place: 'well', ...FAILING, expects: ['RETRY_BACKOFF'], flickers: true },
  { kind: 'tool outside', place: 'well', ...WAITING, expects: ['ACTION_PENDING'] },
  { kind: 'too much, then silent', place: 'well', ...WORDY, expects: ['BUFFER_FULL', 'NO_PROGRESS'] },
  {
    ...{ kind: 'history broken', place: 'well', ...RESTING, when: 'early', expects: ['ERRORED'] },
    does: async (tools, id) => {
      await corrupt(tools, id);
      await tools.store.apply(id, send);
    },
  },
  {
    ...{
      kind: 'history broken, two messages',
      place: 'well',
      ...RESTING,
      when: 'early',
      expects: ['ERRORED', 'QUEUE_BLOCKED'],
    },
    does: async (tools, id) => {
      await corrupt(tools, id);
      await tools.store.apply(id, send, send);
    },
  },
  {
    ...{ kind: 'status of old', place: 'well', ...RESTING, expects: ['INVALID_STATE'] },
    does: edit(`UPDATE chats SET status = 'pending' WHERE id = $1`),
  },
  {
    ...{ kind: 'given to an unknown replica', place: 'well', ...RESTING, expects: ['OWNER_UNKNOWN'] },
    does: (tools, id) => give(tools, id, randomUUID()),
  },
  {
    ...{ kind: 'given to a stopped replica', place: 'well', ...RESTING, when: 'late', expects: ['OWNER_STOPPED'] },
    does: (tools, id) => give(tools, id, tools.stoppedId),
  },
  {
    ...{ kind: 'given to one that has no runner', place: 'well', ...RESTING, expects: ['RUNNER_MISSING'] },
    does: (tools, id) => give(tools, id, tools.wellId),
  },
  {
    ...{ kind: 'status of a newer version', place: 'well', ...RESTING, expects: ['STATUS_UNKNOWN'] },
    does: async ({ pool }, id) => {
      await pool.query(`ALTER TYPE chat_status ADD VALUE IF NOT EXISTS 'compacting'`);
      await pool.query(`UPDATE chats SET status = 'compacting' WHERE id = $1`, [id]);
    },
  },
  {
    ...{ kind: 'a time that nobody can say', place: 'well', ...WORKING, expects: ['VALUE_UNREADABLE'] },
    does: edit(`UPDATE chats SET updated_at = 'infinity' WHERE id = $1`),
  },
  {
    ...{ kind: 'a day ahead', place: 'well', ...WORKING, expects: ['CLOCK_AHEAD'] },
    does: edit(`UPDATE chats SET updated_at = now() + interval '1 day' WHERE id = $1`),
  },
  {
    ...{
      kind: 'held, and nobody has it',
      place: 'well',
      ...RESTING,
      when: 'late',
      expects: ['CAPACITY_WAIT', 'ROW_LOCKED'], // of the three, two are full by then and one does not answer
    },
    does: async ({ pool, hold }, id) => {
      await pool.query(`UPDATE chats SET status = 'running', worker_id = NULL, runner_id = NULL WHERE id = $1`, [id]);
      await hold(id);
    },
  },
  {
    ...{ kind: 'begun by others', place: 'well', ...WORKING, expects: ['OWNERS_LOST'] },
    does: edit(`WITH untold AS (SELECT set_config('chat_debug.events', 'written', true)), begun AS (
        UPDATE chats SET generation_attempt = 4 FROM untold WHERE id = $1 RETURNING id)
      INSERT INTO chat_events (chat_id, snapshot_version, at, generation_attempt, queue_depth, by, from_state, to_state,
        worker_id, runner_id, transitions)
      SELECT begun.id, -i, now() - (60 + i) * interval '1 s', 4 - i / 2, 0, 'w', 'r', 'r', owner, owner,
        CASE WHEN i % 2 = 0 THEN '{acquire}' ELSE '{recordGenerationAttempt}' END::text[]
      FROM begun, generate_series(1, 6) AS i, LATERAL (SELECT CASE WHEN i % 2 = 0 THEN gen_random_uuid() END) AS one (owner)`),
  },
  {
    ...{ kind: 'taken from each owner', place: 'well', ...WORKING, expects: ['THRASHING'] },
    does: async ({ pool, store }, id) => {
      for (let change = 0; change < 4; change += 1) {
        await owned(pool, id);
        await store.apply(id, { name: 'abandon' });
      }
      await owned(pool, id);
    },
  },
  {
    ...{ kind: 'begun again and again', place: 'well', ...WORKING, expects: ['SPINNING'] },
    does: edit('UPDATE chats SET generation_attempt = 7 WHERE id = $1'),
  },
  {
    ...{ kind: 'many steps', place: 'well', ...WAITING, expects: ['ACTION_PENDING', 'LOOPING'] },
    does: edit(`INSERT INTO chat_messages (chat_id, role, content)
      SELECT $1, 'assistant', '[{"type": "text", "text": "on and on"}]' FROM generate_series(1, 60)`),
  },
  {
    ...{ kind: 'tool called in vain', place: 'well', ...LOOPING, expects: ['ACTION_PENDING', 'CALL_UNANSWERED'] },
    does: ({ store }, id) => store.apply(id, { name: 'interrupt' }),
  },
  {
    ...{ kind: 'child failed', place: 'well', ...WAITING, expects: ['ACTION_PENDING', 'CHILD_LOST'] },
    does: edit(`INSERT INTO chats (id, owner_id, status, parent_chat_id, root_chat_id)
      SELECT gen_random_uuid(), owner_id, 'error', id, id FROM chats WHERE id = $1`),
  },
  {
    ...{ kind: 'answer taken away', place: 'well', ...RESTING, expects: ['UNANSWERED'] },
    does: edit(`UPDATE chat_messages SET deleted = true WHERE chat_id = $1 AND role = 'assistant'`),
  },
  { kind: 'at rest', place: 'cutOff', ...RESTING, expects: [] },
  { kind: 'at work', place: 'cutOff', ...WORKING, expects: CUT_OFF },
  { kind: 'model silent', place: 'cutOff', ...SILENT, expects: ['NO_PROGRESS', ...CUT_OFF] },
  {
    ...{ kind: 'message sent', place: 'cutOff', ...WORKING, expects: ['RUNNER_BEHIND', ...CUT_OFF] },
    does: ({ store }, id) => store.apply(id, send),
  },
  {
    ...{ kind: 'runner replaced', place: 'cutOff', ...WORKING, expects: ['RUNNER_MISMATCH'] },
    does: edit(`WITH taken AS (UPDATE chats SET runner_id = gen_random_uuid() WHERE id = $1 RETURNING id, runner_id)
      INSERT INTO chat_heartbeats SELECT id, runner_id, now() FROM taken`),
  },
  {
    ...{ kind: 'released', place: 'cutOff', ...WORKING, expects: ['RUNNER_ELSEWHERE'] },
    does: ({ store }, id) => store.apply(id, { name: 'abandon' }),
  },
  {
    ...{ kind: 'retry long due', place: 'cutOff', ...FAILING, expects: ['RETRY_OVERDUE', 'RUNNER_BEHIND', ...CUT_OFF] },
    does: edit(`UPDATE chats SET retry_state = jsonb_build_object('attempt', 2, 'kind', 'overloaded', 'error', 'no',
      'retrying_at', now() - interval '1 minute') WHERE id = $1`),
  },
  {
    ...{
      kind: 'deadline long past',
      place: 'cutOff',
      ...WAITING,
      expects: ['ACTION_DEADLINE_PASSED', 'RUNNER_BEHIND', ...CUT_OFF],
    },
    does: edit(`UPDATE chats SET requires_action_deadline_at = now() - interval '1 minute' WHERE id = $1`),
  },
  {
    ...{ kind: 'lease deleted', place: 'cutOff', ...WORKING, when: 'late', expects: ['HEARTBEAT_MISSING'] },
    does: edit('DELETE FROM chat_heartbeats WHERE chat_id = $1'),
  },
  {
    ...{ kind: 'lease made old', place: 'cutOff', ...WORKING, when: 'late', expects: ['HEARTBEAT_STALE'] },
    does: edit(`UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 hour' WHERE chat_id = $1`),
  },
  { kind: 'at rest', place: 'silent', ...RESTING, expects: [] },
  { kind: 'at work', place: 'silent', ...WORKING, expects: GONE },
  { kind: 'model silent', place: 'silent', ...SILENT, expects: GONE },
  { kind: 'tool outside', place: 'silent', ...WAITING, expects: [...GONE, 'ACTION_PENDING'] },
  { kind: 'nobody has room', place: 'nobody', ...RESTING, expects: ['CAPACITY_WAIT'] },
];
