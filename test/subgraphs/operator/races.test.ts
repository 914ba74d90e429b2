/**
 * Pairs of actions that race for chats that a worker runs, while the operator is killed again and again: one winner each, no effect
 * without a record, no record without its effect, and every request whose answer was lost is settled by its key. The worker obeys
 * each winner. `ACTION_PAIRS` says how many.
 */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { expectKept } from '../../support/chatEvents.ts';
import { databasePerFile } from '../../support/database.ts';
import { replicasPerTest } from '../../support/replica.ts';
import { ACTION_PAIRS } from '../../support/scale.ts';
import { startServerProcess } from '../../support/serverProcess.ts';
import { until } from '../../support/until.ts';
import { type Answered, askOperator, mutation, operatorsPerTest } from './support/operators.ts';

const database = databasePerFile();
const { urlOfRole } = operatorsPerTest(database);
const startReplica = replicasPerTest(() => database.url);
const children: ChildProcess[] = [];
afterEach(() => Promise.all(children.splice(0).map(kill)));

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Waits until so many chats are like that. */
const countBecomes = (count: number, where: string) =>
  until(`${count} chats have ${where}`, async () => {
    const { rows } = await database.pool.query<{ found: number }>(
      `SELECT count(*)::int AS found FROM chats WHERE ${where}`,
    );
    return rows[0]?.found === count;
  });

const AT_ONCE = 10;
const KILLS = 4;
const RACERS = ['interruptChat', 'releaseChat'] as const;

interface Requested {
  readonly id: string;
  readonly name: (typeof RACERS)[number];
  readonly key: string;
  readonly expect: object;
}

test(`${ACTION_PAIRS} pairs have one winner each, however often the operator dies`, async () => {
  const environment = {
    ...{ DATABASE_URL: await urlOfRole(), INTERNAL_SECRET, OPERATOR_PORT: '0', HOST: '127.0.0.1' },
    CHAT_DEBUG_URL: 'http://127.0.0.1:9',
    DATABASE_TIMEOUT_MS: '20000',
  };
  const start = () =>
    startServerProcess('dist/operator.js', environment, {
      onProcess: (child) => children.push(child),
      onLine: () => {},
    });
  let server = await start();
  let lost = 0;
  const ask = async ({ id, name, key, expect }: Requested): Promise<string> => {
    for (;;) {
      const variables = { id, reason: 'a race', key, expect };
      const answer = await askOperator(server, mutation(name), { variables }).catch((): Answered => ({}));
      const done = answer.data?.[name] as unknown as { outcome: string } | undefined;
      if (done) return done.outcome;
      lost += 1; // the same key again settles it
      await systemClock.sleep(20);
    }
  };

  await startReplica({ maxRunners: ACTION_PAIRS });
  const chatStore = new ChatStore(database.pool);
  const chats: string[] = [];
  // The model of each is silent: its row stays as it is until an action changes it.
  for (let i = 0; i < ACTION_PAIRS; i += 1) {
    chats.push((await chatStore.create({ ownerId: randomUUID(), text: '/stall' })).id);
  }
  await countBecomes(ACTION_PAIRS, `status = 'running' AND worker_id IS NOT NULL AND generation_attempt = 1`);
  const rows = await database.pool.query(
    `SELECT id, snapshot_version::int AS "snapshotVersion", worker_id AS "workerId", runner_id AS "runnerId" FROM chats`,
  );
  const waiting = rows.rows.map(({ id, ...expect }) =>
    RACERS.map((name): Requested => ({ id, name, key: randomUUID(), expect })),
  );
  const outcomes: string[][] = [];
  const work = async () => {
    for (let pair = waiting.pop(); pair; pair = waiting.pop()) outcomes.push(await Promise.all(pair.map(ask)));
  };
  const killing = async () => {
    for (let i = 1; i <= KILLS; i += 1) {
      while (outcomes.length < (i * ACTION_PAIRS) / (KILLS + 1)) await systemClock.sleep(1);
      await Promise.all(children.splice(0).map(kill));
      server = await start();
    }
  };
  await Promise.all([killing(), ...Array.from({ length: AT_ONCE }, work)]);

  expect(outcomes.map((pair) => [...pair].sort())).toEqual(chats.map(() => ['CONFLICT', 'DONE']));
  expect(lost).toBeGreaterThan(0);
  const { rows: told } = await database.pool.query(
    `SELECT count(*)::int AS records, count(DISTINCT (actor, idempotency_key))::int AS keys,
       count(*) FILTER (WHERE outcome = 'DONE')::int AS done,
       count(*) FILTER (WHERE outcome = 'DONE' AND EXISTS (
         SELECT FROM chat_events WHERE chat_id = actions.chat_id AND detail ->> 'record' = actions.id::text
           AND snapshot_version = version_after))::int AS "withEffect",
       (SELECT count(*)::int FROM chat_events WHERE by = 'o') AS effects
     FROM chat_debug_actions AS actions`,
  );
  const pairs = ACTION_PAIRS;
  expect(told).toEqual([{ records: 2 * pairs, keys: 2 * pairs, done: pairs, withEffect: pairs, effects: pairs }]);
  const { rows: won } = await database.pool.query<{ action: string; pairs: number }>(
    `SELECT action, count(*)::int AS pairs FROM chat_debug_actions WHERE outcome = 'DONE' GROUP BY action`,
  );
  const wonBy = (action: string) => won.find((one) => one.action === action)?.pairs ?? 0;
  await countBecomes(wonBy('INTERRUPT_CHAT'), `status = 'waiting' AND worker_id IS NULL`);
  await countBecomes(wonBy('RELEASE_CHAT'), `status = 'running' AND worker_id IS NOT NULL AND generation_attempt = 2`);
  for (const id of chats.slice(0, 10)) await expectKept(database.pool, id);
}, 600_000);
