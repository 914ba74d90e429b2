/** One run: a Postgres and replicas of its own, people who use them, faults, and then the reckoning. */
import { setMaxListeners } from 'node:events';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { migrate } from '../../local/postgres/prepareDatabase.ts';
import { startPostgresServer } from '../support/postgresServer.ts';
import { auditFigures, auditViolations, installAudit, type Violation } from './audit.ts';
import type { ChatLog } from './chatLog.ts';
import { Driver } from './driver.ts';
import { eventCount, eventViolations } from './eventCheck.ts';
import { checkHistory, type RestingChat } from './historyCheck.ts';
import { IdleMonitor } from './idleMonitor.ts';
import { Injector, type World } from './injector.ts';
import { makePlan, type Plan } from './plan.ts';
import { ReplicaProcess } from './replicaProcess.ts';
import type { Findings } from './report.ts';
import { STALE_AFTER_SECONDS } from './settings.ts';

const SETTLE_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 200;
/** Without fsync an operating system's crash would lose data; a crash of the server alone must not. */
const POSTGRES_SETTINGS = {
  ...{ fsync: 'off', full_page_writes: 'off', max_connections: '200', track_commit_timestamp: 'on' },
};

/**
 * @param folder for the data and logs of all; whatever runs there has ended when this returns or throws
 * @throws what no fault explains, such as an error of the harness itself
 */
export async function runFaults(
  scale: { seed: number; chats: number; seconds: number },
  folder: string,
): Promise<Findings> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // every chat listens to it
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const plan = makePlan(scale);
    const postgres = await startPostgresServer({ settings: POSTGRES_SETTINGS }, folder);
    closers.push(() => postgres.stop());
    await migrate(postgres.url);
    const pool = new pg.Pool({ connectionString: postgres.url, max: 20, application_name: 'the test' });
    pool.on('error', () => {}).on('connect', (client) => client.on('error', () => {})); // the query on it reports it
    closers.push(() => pool.end());
    await installAudit(pool);
    const replicas = await Promise.all(
      plan.clockMinutes.map((minutes, place) =>
        ReplicaProcess.make(`replica-${place + 1}`, postgres.url, folder, minutes),
      ),
    );
    for (const replica of replicas) closers.push(() => replica.close());
    await Promise.all(replicas.map((replica) => replica.start()));
    return { ...scale, ...(await play(plan, { postgres, replicas, pool }, stop)) };
  } finally {
    stop.abort();
    await closeAll(closers.reverse());
  }
}

/** One after the other, the rest also when one fails. */
async function closeAll(closers: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, 'Something of the run may be running still');
}

async function play(
  plan: Plan,
  world: World,
  stop: AbortController,
): Promise<Omit<Findings, 'seed' | 'chats' | 'seconds'>> {
  const { postgres, replicas, pool } = world;
  const driver = new Driver(pool, stop.signal);
  const injector = new Injector(world, stop.signal);
  const monitor = new IdleMonitor(pool, () => postgres.isUp && replicas.some((replica) => replica.isHealthy));
  const whileItRuns = Promise.all([monitor.watch(stop.signal), driver.answerTools()]);
  const all = async () => {
    const planned = [
      ...plan.chats.map((chat) => driver.drive(chat)),
      ...plan.faults.map((one) => injector.inject(one)),
    ];
    await Promise.all(planned);
    return restless(pool, stop.signal);
  };
  const late = await Promise.race([all(), whileItRuns.then(() => [])]); // the second ends first only if it fails
  stop.abort();
  await whileItRuns;
  const violations = [
    ...(await auditViolations(pool)),
    ...(await eventViolations(pool)),
    ...(await historyViolations(pool, driver.logs)),
    ...monitor.violations,
    ...late,
    ...replicas.flatMap(({ unasked }) => unasked.map((what): Violation => ({ what }))),
  ];
  const { writes, transactions, takeovers } = await auditFigures(pool);
  const figures = {
    ...{ chats: driver.logs.length, writes, transactions, 'taken from another replica': takeovers },
    events: await eventCount(pool),
    'messages of people': driver.logs.reduce((sum, { accepted }) => sum + accepted.length, 0),
    interruptions: driver.logs.reduce((sum, { cuts }) => sum + cuts.length, 0),
    'longest idle': `${monitor.longestSeconds.toFixed(1)} s in ${monitor.looks} looks`,
  };
  const { injected, touched, timeline } = injector;
  return { injected, touched, timeline, violations, figures };
}

/**
 * Chats that a worker still has to move or give up. The driver answers the tool `ask`.
 * A worker that died in between leaves its id in a chat at rest, which does no harm.
 */
const BUSY = `
  SELECT chats.id, status || coalesce(' of ' || worker_id, '') AS state
  FROM chats LEFT JOIN chat_heartbeats beat ON beat.chat_id = chats.id AND beat.runner_id = chats.runner_id
  WHERE status IN ('running', 'interrupting')
    OR (status <> 'requires_action' AND heartbeat_at > now() - interval '${STALE_AFTER_SECONDS} seconds')
    OR (status = 'requires_action' AND (SELECT content::text LIKE '%"ask"%' FROM chat_messages
      WHERE chat_messages.chat_id = chats.id ORDER BY chat_messages.id DESC LIMIT 1))`;

/** @returns the chats that do not come to rest though all is well again */
async function restless(pool: pg.Pool, signal: AbortSignal): Promise<Violation[]> {
  const untilMs = systemClock.monotonicMs() + SETTLE_LIMIT_MS;
  for (;;) {
    const { rows } = await pool.query<{ id: string; state: string }>(BUSY);
    const late = systemClock.monotonicMs() > untilMs;
    if (rows.length === 0 || late || signal.aborted) {
      return rows.map(({ id, state }) => ({ chatId: id, what: `it does not come to rest: ${state}` }));
    }
    await systemClock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function historyViolations(pool: pg.Pool, logs: readonly ChatLog[]): Promise<Violation[]> {
  const { rows } = await pool.query<RestingChat & { id: string }>(
    `SELECT chats.id, status::text AS status,
       (SELECT coalesce(json_agg(json_build_object('role', role, 'content', content, 'revision', revision) ORDER BY id), '[]')
        FROM chat_messages WHERE chat_id = chats.id) AS messages,
       (SELECT coalesce(json_agg(content -> 0 ->> 'text' ORDER BY position, id), '[]')
        FROM chat_queued_messages WHERE chat_id = chats.id) AS queued
     FROM chats`,
  );
  const chats = new Map(rows.map((chat) => [chat.id, chat]));
  const strange = rows.filter(({ id }) => !logs.some((log) => log.id === id));
  return [
    ...strange.map(({ id }) => ({ chatId: id, what: 'nobody has made this chat' })),
    ...logs.flatMap((log): Violation[] => {
      const chat = chats.get(log.id);
      const problems = chat ? checkHistory(log, chat) : ['the chat is gone'];
      return problems.map((what) => ({ chatId: log.id, what }));
    }),
  ];
}
