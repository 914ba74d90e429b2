/**
 * Tables that somebody keeps locked, as a schema change does: each costs its own fields, and the lock is named there.
 */
import { expect, test } from '@jest/globals';
import { drifted } from './support/coderDrift.ts';
import { whileLocked } from './support/waiting.ts';

const FIELDS = `executionState database { status heartbeat { isStale } heartbeatState heartbeatsReadable heartbeats { runnerId }
  messageStats { total } lastMessage { role } turn { steps } debugRun { kind }
  trouble { canWrite rowLocked ownerRow pool { used } } unreadable }`;
const QUERY = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${FIELDS} } }`;
const DATABASE_TIMEOUT_MS = 6_000;

interface Half {
  readonly database: Record<string, unknown> & { readonly unreadable: readonly string[] };
}

test.each<[string, Record<string, unknown>, string[], string[]]>([
  [
    'chat_heartbeats',
    {
      heartbeat: null,
      heartbeatState: null,
      heartbeats: [],
      messageStats: { total: 1 },
      lastMessage: { role: 'user' },
    },
    ['heartbeat', 'heartbeatState'],
    ['heartbeat'],
  ],
  [
    'replicas',
    {
      heartbeatState: 'FRESH',
      messageStats: { total: 1 },
      trouble: { canWrite: true, rowLocked: false, ownerRow: null },
    },
    ['ownerRow'],
    [],
  ],
  [
    'chat_debug_runs',
    { heartbeatState: 'FRESH', messageStats: { total: 1 }, debugRun: null, trouble: { ownerRow: 'ALIVE' } },
    ['debugRun'],
    ['debugRun'],
  ],
])('%s', async (table, expected, fields, unreadable) => {
  await drifted(
    () => '',
    async ({ ask, pool, ids }) => {
      const { data, errors } = await whileLocked(pool, table, () => ask(QUERY, { id: ids.owned }));
      const snapshot = data?.chatDebugSnapshot as Half | null;
      expect(errors.map(({ path, extensions, message }) => [path?.at(-1), extensions.code, message])).toEqual(
        fields.map((field) => [field, 'QUERY_TIMED_OUT', expect.stringContaining(`lock on \`${table}\``)]),
      );
      expect(snapshot).toMatchObject({ executionState: 'R0', database: { status: 'running', ...expected } });
      expect(snapshot?.database.unreadable).toEqual(unreadable);
    },
    { databaseTimeoutMs: DATABASE_TIMEOUT_MS },
  );
});
