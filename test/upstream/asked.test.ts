import { describe, expect, test } from '@jest/globals';
import { type Case, isListed } from './cases/expected.ts';
import { CASES as ALL, type Ids, idOf, insertCases } from './chats.ts';
import { firing, suspectsOf } from './support/alerts.ts';
import { deploymentPerFile } from './support/deployment.ts';
import { listed } from './support/judged.ts';
import { PERSON, REPLICAS, SECRET_WORDS } from './support/rows.ts';
import { chatDebug, hasRowOf, snapshotDocument } from './support/terminal.ts';

/** Cases that do not change within the ten seconds that a command may take. */
const CASES = ALL.filter(({ chat }) => chat.lease !== 25);
const ids: Ids = new Map();
const deployment = deploymentPerFile({
  settings: { CAPACITY_ROOT: '50', CAPACITY_SUBAGENTS: '50' },
  fill: (pool) => insertCases(pool, ids, { cases: CASES }),
});
const RUNNABLE = ['running', 'interrupting', 'requires_action'];
const STALE_AFTER_SECONDS = 30;

const statusOf = ({ chat }: Case) => chat.status ?? 'running';
const isRunnable = (one: Case) => RUNNABLE.includes(statusOf(one)) && !one.chat.archived;
const heartbeatOf = ({ chat: { worker, hasRunner, lease } }: Case) => {
  if (!worker || hasRunner === false) return undefined;
  if (lease === undefined) return 'MISSING';
  return lease < STALE_AFTER_SECONDS ? 'FRESH' : 'STALE';
};
const STATES = [...new Set(CASES.map(({ newest }) => newest.state))];

describe('a list', () => {
  const FILTERS: readonly (readonly [object, (one: Case) => boolean])[] = [
    ...['waiting', 'running', 'error', 'requires_action', 'interrupting', 'paused'].map(
      (status) => [{ status: [status] }, (one: Case) => statusOf(one) === status] as const,
    ),
    ...STATES.map((state) => [{ executionState: [state] }, (one: Case) => one.newest.state === state] as const),
    ...(['first', 'second', 'stopped', 'unknown'] as const).map(
      (name) => [{ workerId: REPLICAS[name] }, (one: Case) => one.chat.worker === name] as const,
    ),
    [{ ownerId: PERSON }, () => true],
    [{ owned: true }, ({ chat }) => chat.worker !== undefined],
    [{ owned: false }, ({ chat }) => chat.worker === undefined],
    ...['FRESH', 'STALE', 'MISSING'].map(
      (heartbeat) => [{ heartbeat }, (one: Case) => isRunnable(one) && heartbeatOf(one) === heartbeat] as const,
    ),
    [{ suspect: true }, ({ newest }) => newest.isSuspect],
    [{ suspect: false }, ({ newest }) => !newest.isSuspect],
    [{ suspect: true, status: ['error'] }, (one) => one.newest.isSuspect && statusOf(one) === 'error'],
  ];

  test.each(FILTERS)('by %j has the chats that it is for', async (filter, holds) => {
    await deployment.ages.restore();
    const found = await listed(deployment.field, filter);
    const names = CASES.filter(({ name }) => found.includes(idOf(ids, name))).map(({ name }) => name);
    expect(names).toEqual(CASES.filter(holds).map(({ name }) => name));
    expect(new Set(found).size).toBe(found.length);
  });

  test('by its parent and by its root has a subagent', async () => {
    const child = idOf(ids, 'R0 of a subagent');
    const { rows } = await deployment.pool.query<{ parent: string }>(
      'SELECT parent_chat_id AS parent FROM chats WHERE id = $1',
      [child],
    );
    expect(await listed(deployment.field, { parentChatId: rows[0]?.parent })).toEqual([child]);
    expect(await listed(deployment.field, { rootChatId: rows[0]?.parent })).toEqual([child]);
  });
});

describe('the replicas', () => {
  const REPLICA = 'id hostname isAlive ownedChats runtime { reachability { status } }';

  test('are those that work on chats: no workspace proxy among them, and none of them asked', async () => {
    await deployment.ages.restore();
    const { data, errors } = await deployment.field.ask<{ replicas: { id: string }[] }>(`{ replicas { ${REPLICA} } }`);
    expect(errors).toEqual([]);
    const owned = (name: string) => CASES.filter(({ chat }) => chat.worker === name).length;
    const runtime = { reachability: { status: 'NOT_ASKED' } };
    expect(data?.replicas).toHaveLength(3);
    expect(data?.replicas).toEqual(
      expect.arrayContaining([
        { id: REPLICAS.first, hostname: 'coder-0', isAlive: true, ownedChats: owned('first'), runtime },
        { id: REPLICAS.second, hostname: 'coder-1', isAlive: true, ownedChats: owned('second'), runtime },
        { id: REPLICAS.stopped, hostname: 'coder-2', isAlive: false, ownedChats: owned('stopped'), runtime },
      ]),
    );
  });

  test('that are alive are two', async () => {
    await deployment.ages.restore();
    expect((await deployment.field.aliveReplicas()).sort()).toEqual([REPLICAS.first, REPLICAS.second]);
  });

  test('do not include a workspace proxy by its id', async () => {
    const query = 'query ($id: UUID!) { replica(id: $id) { id } }';
    const { data, errors } = await deployment.field.ask(query, { id: REPLICAS.proxy });
    expect({ data, errors }).toEqual({ data: { replica: null }, errors: [] });
  });

  test('know nothing of a chat, wherever one looks', async () => {
    await deployment.ages.restore();
    const answer = await deployment.field.chat<{
      everywhere: { workerId: string; reachability: { status: string } }[];
      diagnosisEverywhere: { verdict: string };
    }>(idOf(ids, 'R0'), 'everywhere { workerId reachability { status } } diagnosisEverywhere { verdict }');
    expect(answer.diagnosisEverywhere).toEqual({ verdict: 'WORKING' });
    expect(answer.everywhere.filter(({ reachability }) => reachability.status !== 'NOT_ASKED')).toEqual([]);
    expect(answer.everywhere.map(({ workerId }) => workerId)).not.toContain(REPLICAS.proxy);
  });
});

describe('a chat that waits for a tool outside', () => {
  test('tells which call is open', async () => {
    await deployment.ages.restore();
    const id = idOf(ids, 'A0 before its deadline');
    const { database } = await deployment.field.chat<{ database: { openCalls: unknown } }>(
      id,
      'database { openCalls { id toolName timesUnanswered } }',
    );
    expect(database.openCalls).toEqual([{ id: 'call_1', toolName: 'ask_user', timesUnanswered: 1 }]);
    expect((await deployment.field.diagnose(id)).findings[0]?.message).toContain('ask_user');
  });
});

describe('the document of a chat', () => {
  test('is whole without what a replica would say, and says that none was asked', async () => {
    await deployment.ages.restore();
    const { status, body } = await snapshotDocument(deployment, idOf(ids, 'R0'));
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        execution_state: 'R0',
        database: { status: 'running', worker_id: REPLICAS.first },
        runtime: null,
        reachability: { status: 'not_asked' },
      },
    });
    expect(JSON.stringify(body)).not.toContain(SECRET_WORDS);
  });

  test('is refused to whoever needs that', async () => {
    const { status, body } = await snapshotDocument(deployment, idOf(ids, 'R0'), '?require=runtime');
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'RUNTIME_DISABLED' } });
  });
});

describe('the gateway', () => {
  test('is ready, and says which platform it found', async () => {
    const ready = await fetch(`${deployment.gateway.url}/readyz`);
    expect({ status: ready.status, text: await ready.text() }).toEqual({
      status: 200,
      text: expect.stringContaining('coder'),
    });
    expect(deployment.log.join('\n')).toMatch(/"platform":"coder"/);
    const { data, errors } = await deployment.field.ask('{ database { platform isOurs canWrite missing } }');
    expect({ data, errors }).toEqual({
      data: { database: { platform: 'coder', isOurs: false, canWrite: true, missing: [] } },
      errors: [],
    });
  });

  test('counts each suspect by its worst finding, and its alert fires for what is critical', async () => {
    const wanted = new Map<string, number>();
    const worst = CASES.filter(({ newest }) => newest.isSuspect).map(({ newest: { found } }) => worstOf(found));
    for (const one of worst) wanted.set(one, (wanted.get(one) ?? 0) + 1);
    const series = await suspectsOf(deployment, (told) => told.length > 0);
    const counted = series.map(({ labels: { reason, severity }, value }) => [`${reason} ${severity}`, value] as const);
    expect(Object.fromEntries([...counted].sort())).toEqual(Object.fromEntries([...wanted].sort()));
    const critical = [...wanted.keys()].filter((one) => one.endsWith(' CRITICAL')).map((one) => one.split(' ')[0]);
    expect(firing(series).sort()).toEqual(critical.sort());
  });
});

/** The worst finding and its severity. Of two that are as bad, none is in these cases. */
function worstOf(found: Case['newest']['found']): string {
  const ranked = ['CRITICAL', 'WARNING', 'INFO'].flatMap((severity) =>
    Object.entries(found).filter(([, one]) => one === severity),
  );
  return ranked[0]?.join(' ') ?? 'NONE NONE';
}

describe('the terminal', () => {
  test('lists what is in trouble, and ends with 1', async () => {
    const { code, stdout, stderr } = await chatDebug(deployment, 'stuck', '--first', '100');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const shown = CASES.filter(({ name }) => hasRowOf(stdout, idOf(ids, name))).map(({ name }) => name);
    expect(shown).toEqual(CASES.filter(({ newest }) => isListed(newest)).map(({ name }) => name));
  });

  test.each([
    ['R0', 0, 'WORKING'],
    ['A0 before its deadline', 0, 'WAITING'],
    ['W', 0, 'IDLE'],
    ['an owner that has stopped', 1, 'STUCK'],
    ['E0 that would fail again', 1, 'FAILED'],
  ] as const)('says of %s what it is, and ends with %i', async (name, wanted, verdict) => {
    const { code, stdout, stderr } = await chatDebug(deployment, 'why', idOf(ids, name));
    expect({ code, stderr }).toEqual({ code: wanted, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^${verdict}  chat ${idOf(ids, name)}`));
    expect(stdout).not.toContain(SECRET_WORDS);
  });

  test('shows the replicas and the database, and ends with 1 for the one that has stopped and still has chats', async () => {
    const { code, stdout, stderr } = await chatDebug(deployment, 'replicas');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/platform coder/);
    expect(stdout).toMatch(/coder-2.*\n.*stopped, and 2 chats still name it/);
    expect(stdout).not.toContain('proxy-paris');
  });
});
