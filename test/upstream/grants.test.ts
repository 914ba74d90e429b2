import { describe, expect, test } from '@jest/globals';
import { DIAGNOSED_FIELDS } from '../field/support/diagnosed.ts';
import { ALIVE } from './cases/alive.ts';
import { type Ids, idOf, insertCases } from './chats.ts';
import { deploymentPerFile } from './support/deployment.ts';
import type { ReadTable } from './tables.ts';

const QUERY = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) {
  chatId ${DIAGNOSED_FIELDS}
  database { status queueDepth heartbeatState messageStats { total } lastMessage { role } debugRun { status } trouble { ownerRow } }
} }`;

interface Answer {
  readonly chatDebugSnapshot: { readonly diagnosis: { readonly verdict: string } } | null;
}

/** Verdict on a healthy chat without the table; null: nothing can be said of it. */
const WITHOUT: readonly (readonly [ReadTable, string | null])[] = [
  ['chats', null],
  ['chats_expanded', 'WORKING'],
  ['chat_messages', 'WORKING'],
  ['chat_queued_messages', null],
  ['chat_heartbeats', 'UNKNOWN'],
  ['replicas', 'WORKING'],
  ['chat_debug_runs', 'WORKING'],
  ['chat_debug_steps', 'WORKING'],
];
/** Not missed where it may not be read: other signs are left. */
const DISPENSABLE: readonly string[] = ['chats_expanded', 'chat_debug_runs', 'chat_debug_steps'];

describe.each(WITHOUT)('a role that may not read %s', (table, verdict) => {
  const ids: Ids = new Map();
  const deployment = deploymentPerFile({
    without: [table],
    fill: (pool) => insertCases(pool, ids, { cases: ALIVE.slice(0, 1) }),
  });
  const ask = async () => {
    await deployment.ages.restore();
    return deployment.field.ask<Answer>(QUERY, { id: idOf(ids, 'R0') });
  };

  test(`gets ${verdict ?? 'no verdict'} on a chat that is well`, async () => {
    const { data } = await ask();
    expect(data?.chatDebugSnapshot?.diagnosis?.verdict ?? null).toBe(verdict);
  });

  test('is told what it may not read, and nothing internal', async () => {
    const { errors } = await ask();
    const codes = new Set(errors.map(({ extensions }) => extensions.code));
    expect([...codes]).toEqual(DISPENSABLE.includes(table) ? [] : ['SCHEMA_UNSUPPORTED']);
    for (const { message } of errors) expect(message).toContain(table);
  });

  test('is told so before it asks', async () => {
    const ready = await fetch(`${deployment.gateway.url}/readyz`);
    const { data } = await deployment.field.ask<{ database: { missing: string[] } | null }>('{ database { missing } }');
    const said = `${await ready.text()}\n${data?.database?.missing.join('\n') ?? ''}`;
    expect(ready.status).toBe(verdict === null ? 503 : 200);
    if (!DISPENSABLE.includes(table)) expect(said).toContain(table);
  });
});
