/** Rows of the replica table as the router reads them, also rows that cannot be read whole. */
import { describe, expect, test } from '@jest/globals';
import { loadReplicaTable } from '../../routing/replicaRows.ts';
import type { DatabaseSubgraph } from '../../routing/transport/databaseSubgraph.ts';

const A = 'aaaaaaaa-0000-4000-8000-000000000001';
const B = 'bbbbbbbb-0000-4000-8000-000000000002';
const C = 'cccccccc-0000-4000-8000-000000000003';
const row = (id: string) => ({ id, relayAddress: `http://${id}/`, stoppedAt: null, version: '0.1.0' });
const STOPPED_AT = 'stoppedAt';

const answering = (body: unknown): DatabaseSubgraph => ({
  ask: async () => ({ status: 'OK', httpStatus: 200, what: 'HTTP 200, application/json', body }),
  notReady: async () => undefined,
  close: async () => {},
});
const unreadable = (...path: (string | number)[]) => ({ message: 'x', path, extensions: { code: 'VALUE_UNREADABLE' } });

test('a moment that cannot be said costs only its row, which counts as stopped', async () => {
  const data = { replicas: [row(A), row(B)], r0: row(B), r1: null };
  for (const at of [unreadable('replicas', 1, STOPPED_AT), unreadable('r0', STOPPED_AT)]) {
    const { rows } = await loadReplicaTable(answering({ data, errors: [at] }), [B]);
    const odd = at.path[0] === 'r0' ? 2 : 1;
    expect(rows?.map(({ id }) => id)).toEqual([A, B, B]);
    expect(rows?.map((one) => 'stoppedAt' in one && one.stoppedAt !== null)).toEqual([0, 1, 2].map((i) => i === odd));
  }
});

test.each([
  ['about something else', { data: { replicas: [row(A)] }, errors: [unreadable('replicas', 0, 'relayAddress')] }],
  ['without a place', { data: { replicas: [row(A)] }, errors: [{ message: 'x' }] }],
  ['about the whole list', { data: { replicas: null }, errors: [{ message: 'x', path: ['replicas'] }] }],
])('an answer with an error %s is none', async (_, body) => {
  await expect(loadReplicaTable(answering(body), [])).rejects.toThrow('gave no replicas');
});

test('a row that could not be read is told from one that is not there', async () => {
  const error = { message: 'x', path: ['r1'], extensions: { code: 'DATABASE_UNAVAILABLE' } };
  const body = { data: { replicas: [row(A)], r0: null, r1: null }, errors: [error] };
  expect((await loadReplicaTable(answering(body), [C, B])).rows).toEqual([row(A), { id: B, isUnread: true }]);
});

describe('the platform', () => {
  const replicas = [row(A)];

  test('comes with the rows', async () => {
    const table = await loadReplicaTable(answering({ data: { replicas, database: { platform: 'coder' } } }), []);
    expect(table).toMatchObject({ platform: 'coder', rows: [{ id: A }] });
  });

  test('is not known while rows come from memory, which are whole', async () => {
    const errors = [{ message: 'x', path: ['database', 'platform'], extensions: { code: 'DATABASE_UNAVAILABLE' } }];
    const table = await loadReplicaTable(answering({ data: { replicas, database: null }, errors }), []);
    expect(table).toMatchObject({ platform: undefined, rows: [{ id: A }] });
  });

  test('is not known to a subgraph that has no such field, which is asked without', async () => {
    const asked: string[] = [];
    const earlier: DatabaseSubgraph = {
      ...answering({ data: { replicas } }),
      ask: async ({ query }) => {
        asked.push(String(query));
        const knows = !String(query).includes('platform');
        const body = knows ? { data: { replicas } } : { errors: [{ message: 'Cannot query field "database".' }] };
        return { status: 'OK', httpStatus: knows ? 200 : 400, what: 'JSON', body };
      },
    };
    expect(await loadReplicaTable(earlier, [])).toMatchObject({ platform: undefined, rows: [{ id: A }] });
    expect(asked).toHaveLength(2);
  });
});
