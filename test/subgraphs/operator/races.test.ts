/**
 * Pairs of actions that race for the same chats, while the operator is killed again and again: one winner each, no effect without a
 * record, no record without its effect, and every request whose answer was lost is settled by its key. `ACTION_PAIRS` says how many.
 */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { expectKept } from '../../support/chatEvents.ts';
import { databasePerFile } from '../../support/database.ts';
import { ACTION_PAIRS } from '../../support/scale.ts';
import { startServerProcess } from '../../support/serverProcess.ts';
import { insertChat } from '../database/support/rows.ts';
import { type Answered, askOperator, mutation, operatorsPerTest } from './support/operators.ts';

const database = databasePerFile();
const { urlOfRole } = operatorsPerTest(database);
const children: ChildProcess[] = [];
afterEach(() => Promise.all(children.splice(0).map(kill)));

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

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

  const chats: string[] = [];
  for (let i = 0; i < ACTION_PAIRS; i += 1) {
    const owner = { worker_id: randomUUID(), runner_id: randomUUID() };
    chats.push(await insertChat(database.pool, { status: 'running', ...owner }));
  }
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
  for (const id of chats.slice(0, 10)) await expectKept(database.pool, id);
}, 600_000);
