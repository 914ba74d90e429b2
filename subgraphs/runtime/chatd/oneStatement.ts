/**
 * The quick way of a fenced write: one statement, which is atomic by itself, in place of a transaction of several.
 * It holds the fence, counts the version, has the effects of all transitions, writes the event, and reads the row back.
 * The effects are those of the state that the chat was seen in. The fence makes sure that it is still in that state.
 */
import type { Pool } from 'pg';
import { type ExecutionState, executionState, isRunnable } from '../../../domain/executionState.ts';
import type { NewMessage } from '../../../domain/messages.ts';
import { columnsOf, type Effect, TABLE } from '../../../domain/stateMachine.ts';
import type { Transition } from '../../../domain/transitions.ts';
import { ASSIGNMENTS } from './assignments.ts';
import { CHAT_COLUMNS, type ChatState, countedUp } from './chatState.ts';
import { messagesOfTransition } from './effectArguments.ts';
import { insertMessages } from './effects.ts';
import { codeOf, WRITES_EVENTS } from './events.ts';
import { leasesGone, UNOWNED } from './givenUp.ts';
import { storableJson } from './storable.ts';

/** One statement; those with the same name have the same text. */
interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

const COUNTED = countedUp('snapshot_version');
/** Versions as the trigger of a message wants them: set here, they do not cost the row another write. */
const APPENDED = `history_version = ${COUNTED}, generation_attempt = 0`;
const LEASE_GONE = leasesGone('fenced ON fenced.id = beat.chat_id AND beat.runner_id = $2');
const FENCE = `chats.id = $1 AND chats.runner_id = $2 AND chats.status::text = $3 AND chats.archived = $4
    AND chats.history_version::float8 = $5::float8 AND chats.queue_version::float8 = $6::float8
    AND EXISTS (SELECT FROM chat_queued_messages queued WHERE queued.chat_id = chats.id) = $7`;

/** Effects of which one statement can have only one each: they write the same columns, or undo each other. */
const ALIKE: readonly (readonly Effect[])[] = [
  ['append', 'countAttempt', 'setRetryState'],
  ['setDeadline', 'clearDeadline'],
  ['setLastError', 'clearLastError'],
];

/** Columns to read with the chat, besides its own. */
interface Columns {
  readonly name: string;
  readonly sql: string;
}

/**
 * Plans the statement. A chat that comes to rest is given up with it.
 * @param more read as they were before the statement
 * @returns undefined if the transitions need several statements, or are refused
 */
export function planStatement(
  seen: ChatState,
  runnerId: string,
  transitions: readonly Transition[],
  more?: Columns,
): Statement | undefined {
  const steps = plannedSteps(seen, transitions);
  const effects = steps?.flatMap(({ does }) => does) ?? [];
  const end = steps?.at(-1);
  if (!steps || !end || ALIKE.some((alike) => effects.filter((effect) => alike.includes(effect)).length > 1)) return;

  const { id, status, archived, historyVersion, queueVersion, queueDepth } = seen;
  const values: unknown[] = [id, runnerId, status, archived, historyVersion, queueVersion, queueDepth > 0];
  const parameter = (value: unknown) => `$${values.push(value)}`;
  const sets = [`snapshot_version = ${COUNTED}`, 'updated_at = now()'];
  const parts: string[] = [];
  if (end.status !== status) sets.push(`status = ${parameter(end.status)}::text::chat_status`);
  if (end.archived !== archived) sets.push(`archived = ${parameter(end.archived)}`);
  const messages: NewMessage[] = [];
  for (const { transition, does } of steps) {
    for (const effect of does) {
      if (effect === 'append') messages.push(...messagesOfTransition(transition));
      else if (effect === 'releaseOwner') sets.push(UNOWNED);
      else sets.push(ASSIGNMENTS[effect]?.(transition, parameter) ?? '');
    }
  }
  if (messages.length > 0) {
    sets.push(APPENDED);
    parts.push(`said AS (${insertMessages('fenced AS chat', parameter(storableJson(messages)))})`);
  }
  const isGivenUp = effects.includes('releaseOwner');
  if (isGivenUp) parts.push(LEASE_GONE);
  const worker = isGivenUp ? parameter(seen.workerId) : undefined;
  const to = executionState({ ...seen, status: end.status, archived: end.archived });
  parts.push(
    `event AS (${insertEvent({ from: executionState(seen), to, depth: parameter(queueDepth), worker, steps })})`,
  );
  const names = steps.map(({ transition }) => transition.name).join('+');
  return {
    name: `${executionState(seen)} ${names}${messages.length > 0 ? ' said' : ''}${more ? ` ${more.name}` : ''}`,
    text: `WITH fenced AS (UPDATE chats SET ${sets.join(', ')} FROM ${WRITES_EVENTS}
        WHERE ${FENCE}${worker ? ` AND chats.worker_id = ${worker}` : ''} RETURNING chats.*, writes_events), ${parts.join(', ')}
      SELECT ${[CHAT_COLUMNS, ...(more ? [more.sql] : [])].join(', ')} FROM fenced AS chats`,
    values,
  };
}

interface Told {
  readonly from: ExecutionState;
  readonly to: ExecutionState;
  /** SQL of the number of queued messages. */
  readonly depth: string;
  /** SQL of the worker that gives the chat up; undefined: the owner stays. */
  readonly worker: string | undefined;
  readonly steps: readonly Step[];
}

function insertEvent({ from, to, depth, worker, steps }: Told): string {
  const does = (effect: Effect) => steps.some((step) => step.does.includes(effect));
  const error = does('setLastError') ? 'last_error' : 'NULL';
  const retry = does('setRetryState') ? 'retry_state' : 'NULL';
  return `INSERT INTO chat_events (chat_id, snapshot_version, generation_attempt, queue_depth, by, from_state, to_state,
      previous_worker_id, previous_runner_id, transitions, detail)
    SELECT id, snapshot_version, generation_attempt, ${depth}::int4, 'w', '${codeOf(from)}', '${codeOf(to)}',
      ${worker ? `${worker}::uuid, $2::uuid` : 'NULL, NULL'}, '{${steps.map(({ transition }) => transition.name).join()}}',
      ${error === retry ? 'NULL' : `chat_event_detail(${error}, ${retry})`}
    FROM fenced WHERE writes_events`;
}

/** @returns the chat as the statement left it; undefined: the fence does not hold, and nothing was written */
export async function run<T extends ChatState>(pool: Pool, { name, text, values }: Statement): Promise<T | undefined> {
  const { rows } = await pool.query<T>({ name, text, values: [...values] });
  return rows[0];
}

interface Step {
  readonly transition: Transition;
  readonly does: readonly Effect[];
  readonly status: string;
  readonly archived: boolean;
}

function plannedSteps(seen: ChatState, transitions: readonly Transition[]): Step[] | undefined {
  const steps: Step[] = [];
  let { status, archived } = seen;
  const now = () => executionState({ ...seen, status, archived });
  const step = (transition: Transition): boolean => {
    const state = now();
    const rule = TABLE[transition.name][state];
    if (!rule?.does.every((effect) => isPlannable(effect, transition))) return false;
    const [target = 'INVALID'] = rule.to;
    if (target !== state && target !== 'INVALID') ({ status, archived } = columnsOf(target));
    return steps.push({ transition, does: rule.does, status, archived }) > 0;
  };
  if (!transitions.every(step)) return undefined;
  const isGivenUp =
    isRunnable(now()) || transitions.some(({ name }) => name === 'abandon') || step({ name: 'abandon' });
  return isGivenUp ? steps : undefined;
}

const isPlannable = (effect: Effect, transition: Transition): boolean =>
  effect === 'append' ||
  (effect === 'releaseOwner' && !(transition.name === 'abandon' && transition.leavesLease)) ||
  effect in ASSIGNMENTS;
