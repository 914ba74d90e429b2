/**
 * Each action on each finding that it is said to answer: a real fault brings the finding about, the action is taken through a running
 * operator, and the finding is gone.
 */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { CHAT_ACTIONS, type ChatAction, mutationOf } from '../../domain/actions/names.ts';
import { possibleAction } from '../../domain/actions/offers.ts';
import type { FindingCode } from '../../domain/diagnosis/rules.ts';
import { EXECUTION_STATES } from '../../domain/executionState.ts';
import { INTERNAL_SECRET } from '../gateway/gateways.ts';
import { insertReplica } from '../subgraphs/database/support/rows.ts';
import { askOperator, mutation, operatorsPerTest } from '../subgraphs/operator/support/operators.ts';
import { whileHeld } from '../support/locks.ts';
import { calls, modelServerPerFile, type Plan, refuses, says, stream } from '../support/modelServer.ts';
import { until } from '../support/until.ts';
import { diagnosesOf } from './support/diagnosed.ts';
import { whileNoTurnMayEnd, withRoleThatEndsNoTurn } from './support/refusing.ts';
import { replicaProcessesPerTest } from './support/replicaProcess.ts';
import { diagnosedSystemPerFile, messageOf } from './support/system.ts';
import { chatWithTwoRunners } from './support/twoRunners.ts';

const LOOP_STEPS = 8;
const system = diagnosedSystemPerFile({
  ...{ staleAfterSeconds: 120, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 0.3 },
  ...{ noProgressSeconds: 6, loopSteps: LOOP_STEPS },
});
const { create, edit, apply } = system;
const operators = operatorsPerTest(system.database);
const model = modelServerPerFile();
const startProcess = replicaProcessesPerTest();

/** A chat with a fault, what is found of it, and what is done about that. */
interface Case {
  readonly action: ChatAction;
  readonly code: FindingCode;
  readonly id: string;
}

const tried = new Set<string>();

const codesOf = async (cases: readonly Case[]) =>
  (
    await diagnosesOf(
      system.gateway(),
      cases.map(({ id }) => id),
    )
  ).map((diagnosis) => new Set(diagnosis?.findings.map(({ code }) => code)));

/** Cases whose finding is there, or is not. */
async function those(cases: readonly Case[], isThere: boolean): Promise<readonly Case[]> {
  const found = await codesOf(cases);
  return cases.filter(({ code }, i) => found[i]?.has(code) === isThere);
}

/** Looks until all findings are there. One that comes and goes counts from then on. */
async function areFound(cases: readonly Case[]): Promise<void> {
  let missing = cases;
  await until(
    () => `found: ${missing.map(({ action, code }) => `${action} ${code}`)}`,
    async () => {
      missing = await those(missing, false);
      return missing.length === 0;
    },
  );
}

async function take(server: { url: string }, { action, code, id }: Case): Promise<void> {
  const name = mutationOf(action);
  for (;;) {
    const { snapshotVersion, workerId, runnerId } = await system.read(id);
    const variables = {
      ...{ id, reason: 'for a test', key: randomUUID(), findings: [code] },
      expect: { snapshotVersion, workerId, runnerId },
    };
    const { data, errors } = await askOperator(server, mutation(name), { variables });
    const done = data?.[name] as unknown as { outcome: string; record: { why: string | null } } | undefined;
    if (done?.outcome === 'CONFLICT') continue; // a worker was quicker
    expect([action, code, errors, done?.outcome, done?.record.why]).toEqual([action, code, undefined, 'DONE', null]);
    tried.add(`${action} ${code}`);
    return;
  }
}

/** Looks until none of the findings is there, all at once. */
async function areGone(cases: readonly Case[]): Promise<void> {
  let left = cases;
  await until(
    () => `gone: ${left.map(({ action, code }) => `${action} ${code}`)}`,
    async () => {
      left = await those(cases, true);
      return left.length === 0;
    },
  );
}

/** A chat for each of the actions, with its finding. */
const forEach = (code: FindingCode, actions: readonly ChatAction[], make: () => Promise<string>) =>
  Promise.all(actions.map(async (action): Promise<Case> => ({ action, code, id: await make() })));

const both: readonly ChatAction[] = ['INTERRUPT_CHAT', 'CANCEL_PENDING_ACTION'];
const releases: readonly ChatAction[] = ['RELEASE_CHAT'];
const running = (id: string) =>
  system.until(id, ({ workerId, generationAttempt }) => workerId !== null && generationAttempt > 0);
const waiting = (id: string) => system.until(id, ({ status }) => status === 'requires_action');

async function resting(): Promise<string> {
  const id = await create('hello');
  await system.until(id, ({ status, workerId }) => status === 'waiting' && workerId === null);
  return id;
}

async function outside(): Promise<string> {
  const id = await create('/tool ask');
  await waiting(id);
  return id;
}

async function slow(): Promise<string> {
  const id = await create('/slow 600');
  await running(id);
  return id;
}

/** Says of a chat at rest that it is at work, with a fresh lease. */
async function give(id: string, workerId: string): Promise<string> {
  const runnerId = randomUUID();
  await edit(id, 'INSERT INTO chat_heartbeats VALUES ($1, $2, now())', runnerId);
  await edit(
    id,
    `UPDATE chats SET status = 'running', worker_id = $2, runner_id = $3 WHERE id = $1`,
    workerId,
    runnerId,
  );
  return id;
}

const givenTo = async (workerId: string) => give(await resting(), workerId);

/** A turn that failed, and goes well when it is begun anew. */
async function failed(isFollowed: boolean): Promise<string> {
  const id = await create('/fail 2');
  if (isFollowed) await apply(id, { name: 'send', message: messageOf('and then?') });
  return id;
}

test('what goes wrong with turns and rows is gone after the action', async () => {
  const server = await operators.start();
  const { pool } = system.database;
  const blocked = await forEach('QUEUE_BLOCKED', ['RETRY_CHAT', 'DELETE_QUEUED_MESSAGES'], () => failed(true));
  const errored = await forEach('ERRORED', ['RETRY_CHAT'], () => failed(false));
  const { workerId } = await system.startReplica({ maxAttempts: 2, actionTimeoutSeconds: 300 });
  await areFound([...blocked, ...errored]);
  await pool.query(`ALTER TYPE chat_status ADD VALUE 'compacting'`);
  const dead = await insertReplica(pool);
  const made = await Promise.all([
    forEach('ACTION_PENDING', both, outside),
    forEach('CHILD_LOST', both, async () => {
      const id = await outside();
      await edit(
        id,
        `INSERT INTO chats (id, owner_id, status, parent_chat_id, root_chat_id)
         SELECT gen_random_uuid(), owner_id, 'error', id, id FROM chats WHERE id = $1`,
      );
      return id;
    }),
    forEach('SPINNING', ['INTERRUPT_CHAT'], async () => {
      const id = await slow();
      await edit(id, 'UPDATE chats SET generation_attempt = 7 WHERE id = $1');
      return id;
    }),
    forEach('THRASHING', ['INTERRUPT_CHAT'], async () => {
      const id = await slow();
      for (const attempt of [2, 3, 4, 5]) {
        await apply(id, { name: 'abandon' });
        await system.until(id, (chat) => chat.generationAttempt === attempt && chat.workerId !== null);
      }
      return id;
    }),
    forEach('INVALID_STATE', ['RECONCILE_CHAT'], async () => {
      const id = await resting();
      await edit(id, `UPDATE chats SET status = 'pending' WHERE id = $1`);
      return id;
    }),
    forEach('STATUS_UNKNOWN', ['RECONCILE_CHAT'], async () => {
      const id = await resting();
      await edit(id, `UPDATE chats SET status = 'compacting' WHERE id = $1`);
      return id;
    }),
    forEach('CLOCK_AHEAD', releases, async () => {
      const id = await slow();
      await edit(id, `UPDATE chats SET updated_at = now() + interval '1 day' WHERE id = $1`);
      return id;
    }),
    forEach('OWNER_UNKNOWN', releases, () => givenTo(randomUUID())),
    forEach('OWNER_UNREACHABLE', releases, () => givenTo(dead)),
    forEach('RUNNER_MISSING', releases, () => givenTo(workerId)),
  ]);
  const cases = made.flat();
  await areFound(cases);
  const all = [...blocked, ...errored, ...cases];
  for (const one of all) await take(server, one);
  await areGone(all);
}, 180_000);

/** A chat whose model answers by this plan, call by call. */
async function planned(plan: Plan): Promise<string> {
  const text = `hello ${randomUUID()}`;
  model.answer(text, plan);
  return create(text);
}

const hungConnection = { ...stream(), end: 'silent' } as const;

test('what a model does is gone after the action', async () => {
  const server = await operators.start();
  await system.startReplica({ model: model.setting, maxAttempts: 0, actionTimeoutSeconds: 300 });
  const cases = (
    await Promise.all([
      // A second call gets another connection.
      forEach('NO_PROGRESS', ['INTERRUPT_CHAT', 'RELEASE_CHAT'], () =>
        planned((call) => (call === 0 ? hungConnection : says('hello'))),
      ),
      // The last step takes its time: a chat that changes every few milliseconds is another one before anybody acts on it.
      forEach('LOOPING', ['INTERRUPT_CHAT'], () =>
        planned((call) => (call <= LOOP_STEPS ? calls('current_time') : hungConnection)),
      ),
      forEach('RETRY_BACKOFF', ['INTERRUPT_CHAT'], () => planned(() => refuses(503, { message: 'no' }))),
      forEach('CALL_UNANSWERED', both, async () => {
        const id = await planned((call) => (call < 2 ? calls('ask') : says('I know it myself')));
        const { historyVersion } = await waiting(id);
        await apply(id, { name: 'interrupt' });
        await system.until(id, (chat) => chat.status === 'requires_action' && chat.historyVersion > historyVersion);
        return id;
      }),
    ])
  ).flat();
  await areFound(cases);
  for (const one of cases) await take(server, one);
  await areGone(cases);
}, 120_000);

test('a chat that lost owner after owner is interrupted', async () => {
  const server = await operators.start();
  const forgetful = { heartbeatIntervalSeconds: 120, staleAfterSeconds: 300 };
  await system.startReplica(forgetful);
  await system.startReplica(forgetful);
  const cases = await forEach('OWNERS_LOST', ['INTERRUPT_CHAT'], async () => {
    const id = await create('/slow 600');
    for (const attempt of [1, 2]) {
      await system.until(id, ({ generationAttempt }) => generationAttempt === attempt);
      await edit(id, `UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 hour' WHERE chat_id = $1`);
    }
    return id;
  });
  await areFound(cases);
  for (const one of cases) await take(server, one);
  await areGone(cases);
}, 120_000);

test('what an owner does that is cut off from the database is gone once the chat is taken from it', async () => {
  const server = await operators.start();
  const proxy = await system.startProxy();
  const cutOff = await system.startReplica({ databaseUrl: proxy.url, actionTimeoutSeconds: 15, maxAttempts: 0 });
  const [behind, mismatched, leaseless, stale, failing, overdue, stopped] = await Promise.all([
    forEach('RUNNER_BEHIND', releases, slow),
    forEach('RUNNER_MISMATCH', releases, slow),
    forEach('HEARTBEAT_MISSING', releases, slow),
    forEach('HEARTBEAT_STALE', releases, slow),
    forEach('RETRY_OVERDUE', releases, () => create('/fail')),
    forEach('ACTION_DEADLINE_PASSED', [...releases, ...both], outside),
    forEach('OWNER_STOPPED', releases, resting),
  ]);
  const ids = (cases: readonly Case[]) => cases.map(({ id }) => id);
  // It is cut off while it waits: what it has begun to write would be whole, and its lock would stay.
  await until('it waits for its next attempt', () =>
    whileHeld(system.database.pool, ids(failing), async () => {
      const ahead = `(retry_state ->> 'retrying_at')::timestamptz > clock_timestamp() + interval '500 ms'`;
      const { rows } = await edit(ids(failing)[0] ?? '', `SELECT FROM chats WHERE id = $1 AND ${ahead}`);
      if (rows.length > 0) proxy.freeze();
      return rows.length > 0;
    }),
  );
  for (const id of ids(behind)) await apply(id, { name: 'send', message: messageOf('are you there?') });
  for (const id of ids(mismatched)) {
    await edit(
      id,
      `WITH taken AS (UPDATE chats SET runner_id = gen_random_uuid() WHERE id = $1 RETURNING id, runner_id)
       INSERT INTO chat_heartbeats SELECT id, runner_id, now() FROM taken`,
    );
  }
  // A renewal that was on its way would bring a lease back.
  for (const id of ids(leaseless)) {
    await until('no lease is written any more', async () => {
      return (await edit(id, 'DELETE FROM chat_heartbeats WHERE chat_id = $1')).rowCount === 0;
    });
  }
  for (const id of ids(stale)) {
    await edit(id, `UPDATE chat_heartbeats SET heartbeat_at = now() - interval '1 hour' WHERE chat_id = $1`);
  }
  // A worker that reaches the database would take it at once.
  const gone = await insertReplica(system.database.pool, { stopped_at: 'now()' });
  for (const id of ids(stopped)) await give(id, gone);
  const cases = [...behind, ...mismatched, ...leaseless, ...stale, ...failing, ...overdue, ...stopped];
  await areFound(cases);
  expect((await system.read(ids(behind)[0] ?? '')).workerId).toBe(cutOff.workerId);
  for (const one of cases) await take(server, one);
  const next = await system.startReplica();
  const released = cases.filter(({ action }) => action === 'RELEASE_CHAT');
  for (const { id } of released)
    await system.until(id, ({ workerId, status }) => workerId === next.workerId || status === 'waiting');
  await areGone(cases);
}, 180_000);

test('a runner that rests beside its work is left behind', async () => {
  const server = await operators.start();
  const environment = {
    ...{ DATABASE_URL: system.database.url, INTERNAL_SECRET, MODEL: 'built-in', LOG_LEVEL: 'silent' },
    ...{ HEARTBEAT_INTERVAL_SECONDS: '0.5', HEARTBEAT_STALE_SECONDS: '120', ACQUISITION_INTERVAL_SECONDS: '0.3' },
  };
  await startProcess(environment, new URL('support/defects.ts', import.meta.url));
  const cases = await whileNoTurnMayEnd(system.database.pool, async () => {
    const idle = await forEach('RUNNER_IDLE', releases, () => create('hello'));
    await areFound(idle);
    return idle;
  });
  await areFound(cases); // the database takes everything again, and the runner does not begin again
  for (const one of cases) await take(server, one);
  await areGone(cases);
}, 120_000);

test('an interrupt that its owner may not write is written by the next one', async () => {
  const server = await operators.start();
  await withRoleThatEndsNoTurn(system.database, async (databaseUrl) => {
    const proxy = await system.startProxy(databaseUrl);
    await system.startReplica({ databaseUrl: proxy.url });
    const cases = await forEach('SPINNING', releases, async () => {
      const id = await slow();
      await apply(id, { name: 'interrupt' });
      return id;
    });
    await areFound(cases);
    proxy.freeze(); // else it might take the chat again
    for (const one of cases) await take(server, one);
    await system.startReplica();
    await areGone(cases);
  });
}, 120_000);

test('of two runners of one replica neither has the chat once another replica does', async () => {
  const server = await operators.start();
  const id = await chatWithTwoRunners(system);
  const cases = await forEach('DUPLICATE_RUNNERS', releases, async () => id);
  await areFound(cases);
  const next = await system.startReplica();
  for (const one of cases) await take(server, one);
  await system.until(id, ({ workerId }) => workerId === next.workerId);
  await areGone(cases);
}, 120_000);

test('no pair of an action and a finding is left out', () => {
  const pairs = new Set(
    CHAT_ACTIONS.flatMap((action) =>
      EXECUTION_STATES.flatMap((state) => {
        const chat = { state, workerId: randomUUID(), runnerId: randomUUID(), queueDepth: state.endsWith('1') ? 1 : 0 };
        return possibleAction(action, chat).answers.map((code) => `${action} ${code}`);
      }),
    ),
  );
  expect([...tried].toSorted()).toEqual([...pairs].toSorted());
});
