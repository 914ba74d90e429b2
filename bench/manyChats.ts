/**
 * Does one replica with its default settings hold 2,000 runners while 10,000 chats wait? The age of its oldest lease is
 * read throughout.
 *
 * 1. It is filled, and left alone for some heartbeats.
 * 2. All its chats are interrupted at once: each turn ends, and a waiting chat takes the place.
 * 3. It is told to stop.
 */
import type { Pool } from 'pg';
import { systemClock as clock } from '../common/clock.ts';
import { ChatStore } from '../subgraphs/runtime/chatd/chatStore.ts';
import { insertChats, inTransaction } from './support/chats.ts';
import { withDatabase } from './support/postgres.ts';
import { type ReplicaProcess, startReplicaProcess } from './support/replicaProcess.ts';
import { printTable, shown } from './support/table.ts';

const CHATS = 10_000;
const HOLD_MS = 30_000;
const LOOK_EVERY_MS = 250;
const INTERRUPTS_AT_ONCE = 10;

interface Look {
  readonly owned: number;
  readonly interrupting: number;
  /** Age of the oldest lease in seconds; null: it owns no chat. */
  readonly age: number | null;
}

const LOOK = `
  SELECT count(*)::int AS owned, count(*) FILTER (WHERE status = 'interrupting')::int AS interrupting,
    extract(epoch FROM max(now() - coalesce(heartbeat_at, '-infinity')))::float8 AS age
  FROM chats LEFT JOIN chat_heartbeats ON chat_id = id AND chat_heartbeats.runner_id = chats.runner_id
  WHERE worker_id = $1`;

/** One phase: looks again and again until it is over, and tells what was seen at worst. */
async function phase(name: string, pool: Pool, replica: ReplicaProcess, isOver: (look: Look) => boolean) {
  const beganMs = clock.monotonicMs();
  let [oldest, slowestLoopMs, mostBytes] = [0, 0, 0];
  let look: Look;
  do {
    await clock.sleep(LOOK_EVERY_MS);
    look = (await pool.query<Look>(LOOK, [replica.id])).rows[0] as Look;
    const { eventLoopDelayMs, residentBytes } = await replica.inspect();
    oldest = Math.max(oldest, look.age ?? 0);
    slowestLoopMs = Math.max(slowestLoopMs, eventLoopDelayMs);
    mostBytes = Math.max(mostBytes, residentBytes);
  } while (!isOver(look));
  const seconds = (clock.monotonicMs() - beganMs) / 1000;
  const lost = replica.child.lines.filter((line) => line.includes('runner stops without the chat')).length;
  const warnings = replica.child.lines.length - lost;
  return [
    name,
    ...[shown(seconds, 1), shown(look.owned), shown(oldest, 1), shown(slowestLoopMs)],
    ...[shown(mostBytes / 2 ** 20), shown(lost), shown(warnings)],
  ];
}

async function interruptAll(pool: Pool, workerId: string): Promise<void> {
  const store = new ChatStore(pool);
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM chats WHERE worker_id = $1', [workerId]);
  const interruptSome = async () => {
    for (let chat = rows.pop(); chat; chat = rows.pop()) await store.apply(chat.id, { name: 'interrupt' });
  };
  await Promise.all(Array.from({ length: INTERRUPTS_AT_ONCE }, interruptSome));
}

async function stop(pool: Pool, replica: ReplicaProcess): Promise<string[]> {
  const beganMs = clock.monotonicMs();
  replica.child.kill('SIGTERM');
  await replica.child.ended;
  const seconds = (clock.monotonicMs() - beganMs) / 1000;
  const { rows } = await pool.query<Look>(LOOK, [replica.id]);
  const nothing = ['', '', '', '', ''];
  return ['stop', shown(seconds, 1), shown(rows[0]?.owned ?? Number.NaN), ...nothing];
}

await withDatabase(async ({ url, pool }) => {
  const client = await pool.connect();
  await inTransaction(client, () => insertChats(client, CHATS, '/stall'));
  client.release();
  await pool.query('VACUUM ANALYZE');
  const replica = await startReplicaProcess(url);
  try {
    const { capacity } = await replica.inspect();
    const rows = [await phase('fill', pool, replica, ({ owned }) => owned === capacity)];
    const heldUntilMs = clock.monotonicMs() + HOLD_MS;
    rows.push(await phase('hold', pool, replica, () => clock.monotonicMs() > heldUntilMs));
    const interrupted = interruptAll(pool, replica.id);
    const isRefilled = ({ owned, interrupting }: Look) => owned === capacity && interrupting === 0;
    let allSent = false;
    void interrupted.then(() => {
      allSent = true;
    });
    rows.push(await phase('interrupt all', pool, replica, (look) => allSent && isRefilled(look)));
    await interrupted;
    rows.push(await stop(pool, replica));
    printTable(
      `Does one replica hold ${shown(capacity)} runners while ${shown(CHATS)} chats wait?`,
      [
        ...['phase', 'seconds', 'chats owned at its end', 'oldest lease seen, s', 'event loop delay, ms'],
        ...['memory, MiB', 'chats lost so far', 'warnings so far'],
      ],
      rows,
    );
    for (const line of new Set(replica.child.lines.map((line) => /"msg":"[^"]*"/.exec(line)?.[0] ?? line)))
      console.log(line);
  } finally {
    replica.child.kill('SIGKILL');
    await replica.child.ended;
  }
});
