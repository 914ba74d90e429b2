/** Random rows for the comparison of lists and rules: every column that a rule looks at, in every form. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';
import { DEFAULT_THRESHOLDS } from '../../../../domain/thresholds.ts';
import { REPLICAS, ruleHistory, writeHistories } from './ruleEvents.ts';

/** So far apart that a chat does not pass from one class of ages to the next while a test runs. */
export const THRESHOLDS = {
  ...DEFAULT_THRESHOLDS,
  ...{ acquisitionIntervalSeconds: 1_000, heartbeatIntervalSeconds: 4_000, staleAfterSeconds: 10_000 },
  ...{ noProgressSeconds: 20_000, clockAheadSeconds: 1_000, longestRetrySeconds: 10_000, loopSteps: 3 },
};

export const OWNERS = [randomUUID(), randomUUID()] as const;

const pick = <const T extends readonly unknown[]>(...values: T) => fc.constantFrom<T[number][]>(...values);
const ago = (seconds: number) => `now() - interval '${seconds} seconds'`;

/** SQL. */
const ages = pick(
  ...[-50_000, -100, 10, 10, 5_000, 5_000, 15_000, 50_000, 200_000].map(ago),
  `'infinity'`,
  `'-infinity'`,
);
const leases = pick(...[-50_000, -100, 10, 10, 10, 8_000, 50_000].map(ago), `'infinity'`, null);
const deadlines = pick(null, ...[-50_000, 10, 5_000].map(ago), `'infinity'`, `'-infinity'`, `'20000-01-01'`);

const versions = pick('0', '3', '3', '5', '9007199254740993');
const attempts = pick('0', '0', '2', '3', '4', '5', '9', '9007199254740993', '-1');
const retries = fc.oneof(
  pick(null, null, null, 'null', '[]', '"soon"', '7', '{}'),
  fc
    .record({
      attempt: pick('1', '4.9', '5', '9', '1e400', '"9"', 'null'),
      kind: pick('"overloaded"', '"data"', '["data"]', 'null'),
      at: pick(
        ...['-100', '100', '5000', '50000'],
        '"soon"',
        '7',
        'null',
        '"2020-02-30T00:00:00Z"',
        '"2020-01-01T00:00:00Z"',
      ),
    })
    .map(({ attempt, kind, at }) => `{"attempt":${attempt},"kind":${kind},"retrying_at":${at}}`),
);
const errors = pick(null, '{"retryable":false}', '{"retryable":true}', '{"retryable":"false"}', '[]', '{}', 'false');

interface DrawnMessage {
  readonly role: string;
  readonly content: unknown;
  readonly finish: string | null;
  readonly deleted: boolean;
}
const text = [{ type: 'text', text: 'x' }];
const call = (toolCallId: string) => [{ type: 'tool-call', toolCallId, toolName: 'ask', input: {} }];
const result = (toolCallId: string) => [
  {
    type: 'tool-result',
    toolCallId,
    toolName: 'ask',
    output: { type: 'error-text', value: 'cancelled: nobody answered' },
  },
];
const message: fc.Arbitrary<DrawnMessage> = fc.record({
  role: pick('user', 'assistant', 'assistant', 'assistant', 'tool', 'system', 'strange'),
  content: fc.oneof(
    pick(text, text, [], [{ type: 'text', text: ' \n' }], [{ type: 'reasoning', text: 'x' }], '', 'x', [7], null, {}),
    pick(...['1', '2', '3'].flatMap((id) => [call(id), call(id), result(id)])),
  ),
  finish: pick(null, 'stop', 'interrupted'),
  deleted: pick(false, false, false, true),
});

const anyRow = fc.record({
  ownerId: pick(...OWNERS),
  status: pick(
    ...['waiting', 'waiting', 'waiting', 'error', 'error', 'running', 'running', 'running', 'running', 'interrupting'],
    ...['requires_action', 'requires_action', 'requires_action', 'pending', 'paused', 'dreaming'],
  ),
  archived: pick(false, false, false, false, true),
  isQueued: pick(false, false, false, true),
  worker: pick('alive', 'alive', 'alive', 'alive', 'stopped', 'missing', null),
  isRunnerNamed: pick(true, true, true, true, true, false),
  age: ages,
  lease: leases,
  leasesOfOthers: pick(0, 0, 0, 1, 2),
  deadline: deadlines,
  retry: retries,
  retryVersion: versions,
  /** Null: as the triggers count it. */
  snapshotVersion: pick(null, '7', '9', '20', '9007199254740993'),
  historyVersion: versions,
  attempt: attempts,
  error: errors,
  messages: fc.array(message, { maxLength: 8, size: 'max' }),
  isChild: pick(false, false, false, true),
  history: ruleHistory,
  /** True if it gets its status only after its messages. */
  comesLate: fc.boolean(),
});
/** Rows of chats that run well, so that nothing but their owners and attempts can be trouble. */
const runningRow = fc
  .record({
    ...{ any: anyRow, worker: pick('alive', 'alive', 'alive', null), attempt: pick('1', '2', '3', '4', '5', '9') },
    ...{
      status: pick('running', 'running', 'interrupting'),
      snapshotVersion: pick('6', '7', '9', '20'),
      age: pick(ago(10)),
    },
  })
  .map(({ any, ...more }) => ({
    ...{ ...any, ...more, archived: false, isRunnerNamed: more.worker !== null, lease: ago(10), retry: null },
    ...{ retryVersion: '0' as const, historyVersion: '3' as const, messages: [] },
  }));
export const ruleRow = fc.oneof({ weight: 4, arbitrary: anyRow }, { weight: 1, arbitrary: runningRow });
type RuleRow = typeof ruleRow extends fc.Arbitrary<infer T> ? T : never;

/**
 * Needs the status `dreaming`, the role `strange`, and no trigger that clears retry states.
 * @param isOwn whether the tables are this project's: they note why a step ended, and keep a history
 */
export async function insertRuleRows(pool: pg.Pool, drawn: readonly RuleRow[], isOwn = true): Promise<void> {
  await pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version, stopped_at)
     VALUES ($1, 'h', 'http://127.0.0.1:1', '1', NULL), ($2, 'h', 'http://127.0.0.1:1', '1', now()),
       ($3, 'h', 'http://127.0.0.1:1', '1', NULL) ON CONFLICT DO NOTHING`,
    [REPLICAS.alive, REPLICAS.stopped, REPLICAS.stale],
  );
  await pool.query(`UPDATE replicas SET updated_at = now() - interval '1 day' WHERE id = $1`, [REPLICAS.stale]);
  let lastId: string | null = null;
  const chats = drawn.map((row) => {
    const id = randomUUID();
    const chat = {
      ...{
        id,
        ...row,
        workerId: row.worker && REPLICAS[row.worker],
        runnerId: row.isRunnerNamed ? randomUUID() : null,
      },
      ...{ parentId: row.isChild ? lastId : null, retry: row.retry && retryState(row.retry) },
    };
    lastId = id;
    return chat;
  });
  for (const sql of [CHATS, LEASES, QUEUES, messagesSql(isOwn), DELETIONS, LATER])
    await pool.query(sql, [JSON.stringify(chats)]);
  if (isOwn) await writeHistories(pool, chats);
}

/** A number stands for seconds from now. */
const retryState = (json: string) =>
  json.replace(/"retrying_at":(-?\d{3,})}/, (_all, seconds) => `"retrying_at":"+${seconds}"}`);

const DRAWN = `
  WITH drawn AS (SELECT * FROM jsonb_to_recordset($1) AS chat (id uuid, "ownerId" uuid, status text, archived bool, "isQueued" bool,
    "workerId" uuid, "runnerId" uuid, age text, lease text, "leasesOfOthers" int, deadline text, retry text,
    "retryVersion" int8, "snapshotVersion" int8, "historyVersion" int8, attempt int8, error text, messages jsonb, "parentId" uuid, "comesLate" bool))`;

/** `now() - interval '…'` as it was drawn, or a literal. */
const time = (column: string) => `
  CASE WHEN ${column} LIKE 'now%' THEN now() - substring(${column} FROM '''(.*)''')::interval ELSE trim(${column}, '''')::timestamptz END`;

const CHATS = `${DRAWN}
  INSERT INTO chats (id, owner_id, status, archived, worker_id, runner_id, parent_chat_id, updated_at, requires_action_deadline_at, last_error)
  SELECT id, "ownerId", (CASE WHEN "comesLate" THEN 'running' ELSE status END)::chat_status, archived, "workerId", "runnerId", "parentId",
    ${time('age')}, ${time('deadline')}, error::jsonb FROM drawn`;
const LEASES = `${DRAWN}
  INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at)
  SELECT id, "runnerId", ${time('lease')} FROM drawn WHERE "runnerId" IS NOT NULL AND lease IS NOT NULL
  UNION ALL SELECT id, gen_random_uuid(), now() FROM drawn, generate_series(1, "leasesOfOthers")`;
const QUEUES = `${DRAWN}
  INSERT INTO chat_queued_messages (chat_id, content, position, created_by) SELECT id, '{}', 1, id FROM drawn WHERE "isQueued"`;
const messagesSql = (notesEnd: boolean) => `${DRAWN}
  INSERT INTO chat_messages (chat_id, role, content ${notesEnd ? ', finish_reason' : ''})
  SELECT drawn.id, (m ->> 'role')::chat_message_role, m -> 'content' ${notesEnd ? ", m ->> 'finish'" : ''}
  FROM drawn, jsonb_array_elements(messages) WITH ORDINALITY AS one (m, place) ORDER BY drawn.id, place`;
const DELETIONS = `${DRAWN}, numbered AS (
    SELECT m.id, m.chat_id, row_number() OVER (PARTITION BY m.chat_id ORDER BY m.id) AS place FROM chat_messages AS m
    WHERE m.chat_id IN (SELECT id FROM drawn))
  UPDATE chat_messages SET deleted = true WHERE id IN (
    SELECT n.id FROM numbered AS n JOIN drawn ON drawn.id = n.chat_id
    WHERE (drawn.messages -> (n.place - 1)::int ->> 'deleted')::bool)`;
const LATER = `${DRAWN}
  UPDATE chats SET status = drawn.status::chat_status,
    snapshot_version = coalesce(drawn."snapshotVersion", snapshot_version), history_version = drawn."historyVersion",
    generation_attempt = drawn.attempt, retry_state_version = drawn."retryVersion",
    retry_state = CASE WHEN drawn.retry LIKE '%":"+%' THEN jsonb_set(drawn.retry::jsonb, '{retrying_at}',
      to_jsonb(to_char((now() + substring(drawn.retry FROM '"\\+(.*)"')::int * interval '1 s') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
      ELSE drawn.retry::jsonb END
  FROM drawn WHERE chats.id = drawn.id`;
