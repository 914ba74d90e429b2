/** Random histories of owners for the comparison of lists and rules, written as events. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';

/** Replicas by what became of their process. */
export const REPLICAS = {
  ...{ alive: randomUUID(), stale: randomUUID(), stopped: randomUUID(), missing: randomUUID() },
} as const;

const pick = <const T extends readonly unknown[]>(...values: T) => fc.constantFrom<T[number][]>(...values);

const anyOwner = fc.record({
  worker: pick('alive', 'alive', 'alive', 'alive', 'alive', 'alive', 'stale', 'stopped', 'missing'),
  ended: pick('TAKEN_OVER', 'TAKEN_OVER', 'TAKEN_OVER', 'HANDED_OVER', 'HANDED_OVER', 'RELEASED', 'FINISHED'),
  attempts: pick(0, 1, 1, 1, 1, 2, 6),
  steps: pick(0, 0, 0, 0, 0, 0, 0, 1),
  /** Seconds for which it held the chat. */
  seconds: pick(1, 1, 1, 1, 1, 1, 1, 100_000),
  /** True if its events say nothing of themselves, as those of changes by hand. */
  isMute: pick(false, false, false, true),
});
type DrawnOwner = typeof anyOwner extends fc.Arbitrary<infer T> ? T : never;

/** Owners, the first one first. Null: as the triggers have written it. */
export const ruleHistory = fc.option(
  fc.record({
    owners: fc.oneof(
      fc.array(anyOwner, { maxLength: 7, size: 'max' }),
      fc
        .tuple(
          pick('TAKEN_OVER', 'TAKEN_OVER', 'HANDED_OVER', 'RELEASED'),
          fc.array(anyOwner, { minLength: 4, maxLength: 6 }),
        )
        .map(([ended, owners]) => owners.map((owner): DrawnOwner => ({ ...owner, ended, seconds: 1 }))),
    ),
    /** True if the last one still holds the chat. */
    lasts: pick(true, true, true, false),
    /** True if that one is the owner that the row names. */
    isOfRow: pick(true, true, true, true, true, false),
  }),
  { freq: 6, nil: null },
);
type RuleHistory = typeof ruleHistory extends fc.Arbitrary<infer T> ? T : never;

interface Chat {
  readonly id: string;
  readonly workerId: string | null;
  readonly runnerId: string | null;
  readonly history: RuleHistory;
}

interface Event {
  readonly [column: string]: unknown;
}

/** Puts drawn events in the place of those that the triggers have written. */
export async function writeHistories(pool: pg.Pool, chats: readonly Chat[]): Promise<void> {
  const drawn = chats.filter(({ history }) => history !== null);
  await pool.query('DELETE FROM chat_events WHERE chat_id = ANY($1::uuid[])', [drawn.map(({ id }) => id)]);
  await pool.query(
    `INSERT INTO chat_events (chat_id, snapshot_version, at, by, from_state, to_state, generation_attempt, queue_depth,
       transitions, worker_id, runner_id, previous_worker_id, previous_runner_id)
     SELECT chat, version, now() - ago * interval '1 s', coalesce(by, 'w'), 'r', coalesce(state, 'r'), attempt, 0, transitions,
       worker, runner, was_worker, was_runner
     FROM jsonb_to_recordset($1) AS e (chat uuid, version int8, ago float8, by "char", state "char", attempt int8,
       transitions text[], worker uuid, runner uuid, was_worker uuid, was_runner uuid)`,
    [JSON.stringify(drawn.flatMap(eventsOf))],
  );
}

function eventsOf({ id, workerId, runnerId, history }: Chat): Event[] {
  const { owners, lasts, isOfRow } = history ?? { owners: [] as DrawnOwner[], lasts: false, isOfRow: false };
  let ago = owners.reduce((sum, { seconds }) => sum + seconds, 0);
  const events: Event[] = [];
  let before: { worker: string; runner: string } | undefined;
  let attempt = 0;
  const add = (name: string, isMute: boolean, more: Event = {}) =>
    events.push({ chat: id, version: events.length + 1, ago, attempt, transitions: isMute ? [] : [name], ...more });
  owners.forEach((owner, place) => {
    const isLast = place === owners.length - 1;
    const isNow = isLast && lasts && isOfRow && workerId !== null && runnerId !== null;
    const now = { worker: isNow ? workerId : REPLICAS[owner.worker], runner: isNow ? runnerId : randomUUID() };
    add('acquire', owner.isMute, { ...now, was_worker: before?.worker, was_runner: before?.runner });
    work(owner, (name, next) => {
      attempt = next(attempt);
      add(name, owner.isMute);
    });
    ago -= owner.seconds;
    before = now;
    if (isLast ? lasts : owner.ended === 'TAKEN_OVER') return;
    const end = owner.ended === 'FINISHED' ? { state: 'w' } : owner.ended === 'RELEASED' ? { by: 'o' } : {};
    add('abandon', owner.isMute, { ...end, was_worker: now.worker, was_runner: now.runner });
    before = undefined;
  });
  return events;
}

function work({ steps, attempts }: DrawnOwner, does: (name: string, next: (attempt: number) => number) => void): void {
  for (let step = 0; step < steps; step += 1) {
    does('recordGenerationAttempt', (attempt) => attempt + 1);
    does('commitStep', () => 0);
  }
  for (let i = 0; i < attempts; i += 1) does('recordGenerationAttempt', (attempt) => attempt + 1);
}
