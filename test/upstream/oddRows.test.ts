import { describe, expect, test } from '@jest/globals';
import { LOGGED } from './cases/debugLog.ts';
import { type Ids, idOf, insertCases } from './chats.ts';
import { deploymentPerFile } from './support/deployment.ts';
import { judge, truthOf } from './support/judged.ts';
import { insertChat, REPLICAS, SECRET_WORDS } from './support/rows.ts';

const ids: Ids = new Map();
const deployment = deploymentPerFile({
  settings: { CAPACITY_ROOT: '50' },
  fill: (pool) => insertCases(pool, ids, { cases: LOGGED }),
});

describe('the debug log', () => {
  test('changes no verdict that rows and leases decide', async () => {
    expect(await judge(deployment, LOGGED, ids)).toEqual(truthOf(LOGGED, 'newest'));
  });

  test('tells of a run what may be told, and nothing that was said in it', async () => {
    await deployment.ages.restore();
    const { database } = await deployment.field.chat<{ database: { debugRun: { ageSeconds: number } } }>(
      idOf(ids, 'a run that is written to'),
      'database { debugRun { kind status provider model hasEnded finishedAt ageSeconds } }',
    );
    const { ageSeconds, ...rest } = database.debugRun;
    expect(rest).toEqual({
      ...{ kind: 'chat_turn', status: 'in_progress', provider: 'anthropic', model: 'a-model' },
      ...{ hasEnded: false, finishedAt: null },
    });
    expect(ageSeconds).toBeGreaterThanOrEqual(8);
    expect(JSON.stringify(database)).not.toContain(SECRET_WORDS);
  });

  test('with a time that is no moment costs that time alone', async () => {
    const id = await insertChat(deployment.pool, {
      ...{ worker: 'first', lease: 3 },
      debug: { status: 'in_progress', began: 20, written: 8 },
    });
    await deployment.pool.query(`UPDATE chat_debug_runs SET updated_at = 'infinity' WHERE chat_id = $1`, [id]);
    await deployment.pool.query(`UPDATE chat_debug_steps SET updated_at = 'infinity' WHERE chat_id = $1`, [id]);
    const answer = await deployment.field.chat<object>(
      id,
      'database { debugRun { status updatedAt ageSeconds } } diagnosis { verdict }',
    );
    expect(answer).toEqual({
      database: { debugRun: { status: 'in_progress', updatedAt: null, ageSeconds: null } },
      diagnosis: { verdict: 'WORKING' },
    });
    await deployment.pool.query('DELETE FROM chats WHERE id = $1', [id]);
  });
});

describe('rows that nothing forbids', () => {
  test('a replica that stands in the table twice costs no list and no verdict', async () => {
    await deployment.ages.restore();
    await deployment.pool.query('INSERT INTO replicas SELECT * FROM replicas WHERE id = $1', [REPLICAS.first]);
    const { data, errors } = await deployment.field.ask<{ replicas: { id: string }[] }>('{ replicas { id } }');
    expect(errors).toEqual([]);
    expect(data?.replicas.map(({ id }) => id)).toContain(REPLICAS.first);
    const { verdict } = await deployment.field.diagnose(idOf(ids, 'a run that is written to'));
    expect(verdict).toBe('WORKING');
  });

  test('a workspace proxy named as the owner is no owner that is known', async () => {
    const id = await insertChat(deployment.pool, { age: 600, worker: 'proxy' });
    expect((await deployment.field.diagnose(id)).severities).toEqual({
      ...{ OWNER_UNKNOWN: 'CRITICAL', HEARTBEAT_MISSING: 'WARNING' },
    });
  });

  test('a moment with nanoseconds, as Go writes it, is read', async () => {
    const id = await insertChat(deployment.pool, { worker: 'first', lease: 3, retry: { attempt: 2, dueIn: 60 } });
    await deployment.pool.query(
      `UPDATE chats SET retry_state = retry_state || jsonb_build_object('retrying_at',
         to_char((now() + interval '1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS".123456789Z"')) WHERE id = $1`,
      [id],
    );
    const { verdict, severities } = await deployment.field.diagnose(id);
    expect({ verdict, severities }).toEqual({ verdict: 'WAITING', severities: { RETRY_BACKOFF: 'INFO' } });
  });

  test('an error that is a text alone, as older rows have it, is one', async () => {
    const id = await insertChat(deployment.pool, { status: 'error', age: 60 });
    await deployment.pool.query(`UPDATE chats SET last_error = '"the model is gone"' WHERE id = $1`, [id]);
    const { verdict, severities } = await deployment.field.diagnose(id);
    expect({ verdict, severities }).toEqual({ verdict: 'FAILED', severities: { ERRORED: 'WARNING' } });
  });
});
