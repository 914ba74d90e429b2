/**
 * Lists of suspects against the rules of the diagnosis, over random rows. Each row is judged at the moment it was
 * listed.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Kind, type OperationDefinitionNode, parse, print, type SelectionNode } from 'graphql';
import type pg from 'pg';
import { readSnapshot } from '../../../domain/diagnosis/snapshot.ts';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import type { Caller } from '../../../server/tokens/internalToken.ts';
import { requiredFields } from '../../../subgraphs/diagnosis/requiredFields.ts';
import { databasePerFile } from '../../support/database.ts';
import { SUSPECT_ROWS } from '../../support/scale.ts';
import { createTables } from '../../upstream/tables.ts';
import { insertRuleRows, OWNERS, ruleRow, THRESHOLDS } from './support/ruleRows.ts';
import { OPERATOR, subgraphPerFile, user } from './support/subgraph.ts';

const CHUNK = 2_000;
const LIMIT_MS = 3_600_000;

/** Selection that the diagnosis requires of this subgraph. */
const ROW_HALF = ofDatabase(requiredFields('diagnosis'));

function ofDatabase(required: string): string {
  const { selectionSet } = parse(`{ ${required} }`).definitions[0] as OperationDefinitionNode;
  const isOurs = (node: SelectionNode) =>
    node.kind === Kind.FIELD && ['executionState', 'database', 'recentOwners'].includes(node.name.value);
  return selectionSet.selections.filter(isOurs).map(print).join(' ');
}

interface Page {
  readonly edges: { node: { chatId: string } & Record<string, unknown> }[];
  readonly pageInfo: { hasNextPage: boolean; endCursor: string };
}

/** No column says which chats are unanswered, nor is there anything that keeps it. */
const withoutNotes = async (pool: pg.Pool) => {
  for (const [name, table] of [
    ['chat_rest_changed', 'chats'],
    ['chat_message_changed', 'chat_messages'],
    ['chat_messages_changed', 'chat_messages'],
    ['chat_messages_removed', 'chat_messages'],
  ]) {
    await pool.query(`DROP TRIGGER ${name} ON ${table}`);
  }
  await pool.query('ALTER TABLE chats DROP COLUMN unanswered');
};

/** Tables of a Coder deployment that take the same rows, with messages of every visibility. */
const coderTables = async (pool: pg.Pool) => {
  await createTables(pool, { hasLegacyStatuses: true });
  const defaults = {
    chats: { organization_id: 'gen_random_uuid()', last_model_config_id: 'gen_random_uuid()' },
    chat_messages: {
      content_version: '1',
      compressed: 'random() < 0.2',
      visibility: `CASE WHEN random() < 0.2 THEN 'model' ELSE 'both' END::chat_message_visibility`,
    },
    replicas: {
      ...{ created_at: 'now()', started_at: 'now()', updated_at: 'now()', region_id: '0', database_latency: '0' },
    },
  };
  for (const [table, columns] of Object.entries(defaults)) {
    for (const [column, value] of Object.entries(columns)) {
      await pool.query(`ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT ${value}`);
    }
  }
  await pool.query('ALTER TABLE chats DROP CONSTRAINT chats_owner_id_fkey');
  await pool.query('CREATE UNIQUE INDEX ON replicas (id)'); // for rows that are written twice here
};

interface Way {
  readonly how: string;
  readonly platform?: 'coder';
  readonly prepare: (pool: pg.Pool) => Promise<void>;
  readonly capacity?: { root: number; subagents: number };
  /** SQL that takes something away, once the rows are there. */
  readonly take?: string;
  /** Kind with as many slots as are taken. */
  readonly full?: 'root' | 'subagents';
}
const own = async (pool: pg.Pool) => {
  await pool.query('ALTER TABLE chats DISABLE TRIGGER chat_retry_state_changed');
};
const PLENTY = 1_000_000;

/** Number of taken slots of this kind. */
async function takenSlots(pool: pg.Pool, kind: 'root' | 'subagents'): Promise<number> {
  const { rows } = await pool.query<{ taken: number }>(
    `SELECT count(*)::int4 AS taken FROM chats AS c JOIN chat_heartbeats AS h ON c.id = h.chat_id AND c.runner_id = h.runner_id
     WHERE c.worker_id IS NOT NULL AND h.heartbeat_at > now() - make_interval(secs => $1)
       AND c.parent_chat_id IS ${kind === 'root' ? '' : 'NOT '}NULL`,
    [THRESHOLDS.staleAfterSeconds],
  );
  return rows[0]?.taken ?? 0;
}
const WAYS: readonly Way[] = [
  { how: 'What is unanswered is noted by triggers', prepare: own },
  {
    how: 'What is unanswered is looked up where nobody notes it',
    prepare: async (pool) => {
      await own(pool);
      await withoutNotes(pool);
    },
  },
  { how: 'Messages cannot be read', prepare: own, take: 'ALTER TABLE chat_messages RENAME TO gone' },
  {
    how: 'What messages say cannot be read',
    prepare: own,
    take: 'ALTER TABLE chat_messages RENAME COLUMN content TO gone',
  },
  {
    how: 'Why a step ended cannot be read',
    prepare: own,
    take: 'ALTER TABLE chat_messages RENAME COLUMN finish_reason TO gone',
  },
  { how: 'The history cannot be read', prepare: own, take: 'ALTER TABLE chat_events RENAME TO gone' },
  { how: 'Rows of replicas cannot be read', prepare: own, take: 'ALTER TABLE replicas RENAME TO gone' },
  {
    how: 'A Coder deployment has room',
    platform: 'coder',
    prepare: coderTables,
    capacity: { root: PLENTY, subagents: PLENTY },
  },
  {
    how: 'A Coder deployment has no room for roots',
    platform: 'coder',
    prepare: coderTables,
    capacity: { root: PLENTY, subagents: PLENTY },
    full: 'root',
  },
  {
    how: 'A Coder deployment has no room for subagents',
    platform: 'coder',
    prepare: coderTables,
    capacity: { root: PLENTY, subagents: PLENTY },
    full: 'subagents',
  },
  {
    how: 'A Coder deployment has more slots than it is said to have',
    platform: 'coder',
    prepare: coderTables,
    capacity: { root: 1, subagents: 1 },
  },
];

describe.each(WAYS)('$how:', ({ platform, prepare, capacity, take, full }) => {
  const database = databasePerFile(platform && 'template0');
  const ask = subgraphPerFile(database, { ...THRESHOLDS, databaseTimeoutMs: 60_000, platform, capacity });

  beforeAll(async () => {
    const { pool } = database;
    await prepare(pool);
    await pool.query(`ALTER TYPE chat_status ADD VALUE 'dreaming'`);
    await pool.query(`ALTER TYPE chat_message_role ADD VALUE 'strange'`);
    for (let left = SUSPECT_ROWS; left > 0; left -= CHUNK) {
      await insertRuleRows(pool, fc.sample(ruleRow, Math.min(left, CHUNK)), platform === undefined);
    }
    if (capacity && full) capacity[full] = await takenSlots(pool, full);
    if (take) await pool.query(take);
    await pool.query('VACUUM ANALYZE');
  }, LIMIT_MS);

  if (full)
    test('no slot is free', async () => {
      const { data } = await ask('{ database { pools { kind used capacity } } }');
      const { pools } = (data as { database: { pools: { kind: string; used: number; capacity: number }[] } }).database;
      const { used, capacity: there } = pools[full === 'root' ? 0 : 1] ?? { used: 0, capacity: -1 };
      expect(used).toBe(there);
    });

  /** The chats of the list; and those of them that the rules judge otherwise. */
  async function compare(suspect: boolean, caller: Caller): Promise<{ listed: Set<string>; wrong: unknown[] }> {
    const seen = new Set<string>();
    const wrong: unknown[] = [];
    for (let after: string | null = null; ; ) {
      const { data } = await ask(
        `query ($after: String, $suspect: Boolean) { chats(first: 100, after: $after, filter: { suspect: $suspect }) {
           edges { node { chatId ${ROW_HALF} } } pageInfo { hasNextPage endCursor } } }`,
        { after, suspect },
        caller,
      );
      const { edges, pageInfo } = (data as { chats: Page }).chats;
      for (const { node } of edges) {
        seen.add(node.chatId);
        if (suspectByRules(readSnapshot(node), THRESHOLDS) !== suspect) wrong.push(node);
      }
      if (!pageInfo.hasNextPage) return { listed: seen, wrong };
      after = pageInfo.endCursor;
    }
  }

  test.each([
    ['an operator', OPERATOR, 'true'],
    ['a person', user(OWNERS[0]), `owner_id = '${OWNERS[0]}'`],
  ])(
    'lists and rules agree on every chat, for %s',
    async (_who, caller, condition) => {
      const yes = await compare(true, caller);
      const no = await compare(false, caller);
      expect(yes.wrong.slice(0, 3)).toEqual([]);
      expect(no.wrong.slice(0, 3)).toEqual([]);
      // A chat that came to be a suspect after the first list and before the second is in neither of them.
      const later = await compare(true, caller);
      expect(later.wrong.slice(0, 3)).toEqual([]);
      const { rows } = await database.pool.query<{ id: string }>(`SELECT id FROM chats WHERE ${condition}`);
      const lists = [yes, no, later].map(({ listed }) => listed);
      expect(rows.filter(({ id }) => !lists.some((listed) => listed.has(id)))).toEqual([]);
      expect(Math.min(yes.listed.size, no.listed.size)).toBeGreaterThan(0);
      expect(yes.listed.size + no.listed.size).toBeGreaterThan(0.95 * rows.length);
    },
    LIMIT_MS,
  );
});
