/** Databases with the tables of a Coder deployment, in every variant that is known, and the role that reads them. */
import { readFileSync } from 'node:fs';
import type pg from 'pg';
import { blocksOf } from '../support/followedPage.ts';

const NEWEST = readFileSync(new URL('tables.sql', import.meta.url), 'utf8');

/** Columns that the variant with moved columns versions apart from the chat. */
const MOVED = [
  ...['snapshot_version', 'history_version', 'queue_version', 'generation_attempt', 'retry_state'],
  'retry_state_version',
] as const;
const VERSIONS = `
  snapshot_version int8 NOT NULL DEFAULT 1, history_version int8 NOT NULL DEFAULT 0, queue_version int8 NOT NULL DEFAULT 0,
  generation_attempt int8 NOT NULL DEFAULT 0, retry_state jsonb, retry_state_version int8 NOT NULL DEFAULT 0`;

/** Tables that a reader needs. */
const READ_TABLES = [
  ...['chats', 'chats_expanded', 'chat_messages', 'chat_queued_messages', 'chat_heartbeats', 'replicas'],
  ...['chat_debug_runs', 'chat_debug_steps'],
] as const;
export type ReadTable = (typeof READ_TABLES)[number] | 'chat_versions';

/** Differences of a variant from the newest release. */
export interface Variant {
  /** The proposal of a chat that pauses at a queued message which is being edited. */
  readonly pauses?: boolean;
  /** The draft with the versions in a table of their own. */
  readonly movesVersions?: boolean;
  /** The statuses that were removed later are still in the enum. */
  readonly hasLegacyStatuses?: boolean;
  /** False: from before there was a debug log. */
  readonly hasDebugLog?: boolean;
}

/** Makes the tables in an empty database. */
export async function createTables(pool: pg.Pool, variant: Variant = {}): Promise<void> {
  const { pauses = false, movesVersions = false, hasLegacyStatuses = false, hasDebugLog = true } = variant;
  await pool.query(NEWEST);
  if (pauses || hasLegacyStatuses) await pool.query(`ALTER TYPE chat_status ADD VALUE 'paused'`);
  if (hasLegacyStatuses) {
    await pool.query(`ALTER TYPE chat_status ADD VALUE 'pending'`);
    await pool.query(`ALTER TYPE chat_status ADD VALUE 'completed'`);
  }
  if (pauses) await pool.query('ALTER TABLE chat_queued_messages ADD COLUMN editing_since timestamptz');
  if (!hasDebugLog) await pool.query('DROP TABLE chat_debug_steps, chat_debug_runs');
  if (movesVersions) await moveVersions(pool);
  await pool.query(await expandedView(pool, movesVersions));
}

/** The versions leave `chats`, and what reads them there goes along. */
async function moveVersions(pool: pg.Pool): Promise<void> {
  await pool.query(`
    CREATE TABLE chat_versions (chat_id uuid PRIMARY KEY REFERENCES chats (id) ON DELETE CASCADE, ${VERSIONS});
    ALTER TABLE chats ${MOVED.map((name) => `DROP COLUMN ${name}`).join(', ')};
    CREATE OR REPLACE FUNCTION note_message_revision() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      SELECT snapshot_version INTO NEW.revision FROM chat_versions WHERE chat_id = NEW.chat_id;
      RETURN NEW;
    END $$`);
}

/** The view that every variant has: a chat with its root's access list and its owner's names. */
async function expandedView(pool: pg.Pool, movesVersions: boolean): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'chats'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  const own = rows.filter(({ name }) => !name.endsWith('_acl')).map(({ name }) => `c.${name}`);
  const moved = movesVersions ? MOVED.map((name) => `v.${name}`) : [];
  return `
    CREATE VIEW chats_expanded AS
    SELECT ${[...own, ...moved].join(', ')}, COALESCE(root.user_acl, c.user_acl) AS user_acl,
           COALESCE(root.group_acl, c.group_acl) AS group_acl, owner.username AS owner_username, owner.name AS owner_name
    FROM chats c ${movesVersions ? 'JOIN chat_versions v ON v.chat_id = c.id' : ''}
    LEFT JOIN chats root ON root.id = COALESCE(c.root_chat_id, c.parent_chat_id)
    JOIN visible_users owner ON owner.id = c.owner_id`;
}

/** The columns of a chat that stand elsewhere in the variant with moved columns. */
export const isMoved = (column: string): boolean => MOVED.some((name) => name === column);

/** The page whose grants are meant to be enough. */
const PAGE = 'docs/coder.md';
const PASSWORD = 'reader';

/** The statements by which the page makes its role. */
function grantsOfPage(): string[] {
  const block = blocksOf(PAGE).find(({ language }) => language === 'sql');
  if (!block) throw new Error(`${PAGE} has no grants`);
  return block.code.split(/;\s*/).filter((statement) => statement !== '');
}

/**
 * Makes the role of the page, with the page's grants and nothing else, not even what everybody has on an open server.
 * Roles belong to the whole server: the caller picks a name of its own.
 * @param without tables that it may not read
 * @returns the URL to connect with
 */
export async function createReader(
  { pool, url }: { readonly pool: pg.Pool; readonly url: string },
  role: string,
  without: readonly ReadTable[] = [],
): Promise<string> {
  const reader = new URL(url);
  const values: Readonly<Record<string, string>> = { password: PASSWORD, database: reader.pathname.slice(1) };
  await pool.query(
    `REVOKE CONNECT ON DATABASE ${values.database} FROM PUBLIC; REVOKE USAGE ON SCHEMA public FROM PUBLIC`,
  );
  for (const statement of grantsOfPage()) {
    const filled = statement.replace(/<(\w+)>/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${PAGE} asks for <${name}>, and the reader has none`);
      return value;
    });
    const granted = await forTablesOf(pool, filled);
    if (granted !== undefined) await pool.query(granted.replace(/\bchat_debug\b/g, role));
  }
  for (const table of without) await pool.query(`REVOKE SELECT ON ${table} FROM ${role}`);
  [reader.username, reader.password] = [role, PASSWORD];
  return reader.href;
}

/** The statement for the tables that a variant has: the page says that one without them does without their line. */
async function forTablesOf(pool: pg.Pool, statement: string): Promise<string | undefined> {
  const [, names] = /^GRANT SELECT .*\bON (?!SCHEMA|DATABASE)(.*) TO /.exec(statement) ?? [];
  if (names === undefined) return statement;
  const { rows } = await pool.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL',
    [names.split(', ')],
  );
  return rows.length === 0 ? undefined : statement.replace(names, rows.map(({ name }) => name).join(', '));
}

/** Takes the role away again, once nothing is connected as it. */
export async function dropReader(pool: pg.Pool, role: string): Promise<void> {
  await pool.query(`DROP OWNED BY ${role}`);
  await pool.query(`DROP ROLE ${role}`);
}
