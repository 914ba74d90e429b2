/**
 * Watch from outside that no chat waits: one without a fresh heartbeat must be driven again soon.
 *
 * Time does not count while
 *
 * - Postgres is away, or no replica is healthy;
 * - the machine is too busy, so that this process's own looks come late;
 * - a transaction, as of a stopped process, holds the chat's row.
 */
import type { Pool } from 'pg';
import { systemClock } from '../../common/clock.ts';
import type { Violation } from './audit.ts';
import { orDatabaseAway } from './databaseAway.ts';
import { IDLE_LIMIT_SECONDS } from './settings.ts';

const LOOK_EVERY_MS = 200;
/** Seconds, before it is too late: the holder of the row may let go, and the wait begins only then. */
const SUSPECT_SECONDS = IDLE_LIMIT_SECONDS - 1;
/** A look that comes this late, in seconds, says that this process did not run: all counting begins anew. */
const LATE_SECONDS = 1;
/** So late a look comes on an idle machine; what is more is time that the machine did not give. Seconds. */
const USUAL_DELAY_SECONDS = 0.1;

interface Row {
  readonly id: string;
  /** The runner that has the chat; null: none. */
  readonly runner: string | null;
  /** Age of its last heartbeat in seconds of the database's clock, as `now`; null: there is none. */
  readonly beatAt: number | null;
  readonly now: number;
}

const LOOK = `
  SELECT chats.id, CASE WHEN worker_id IS NOT NULL THEN chats.runner_id END AS runner,
    extract(epoch FROM heartbeat_at)::float8 AS "beatAt", extract(epoch FROM clock_timestamp())::float8 AS now
  FROM (SELECT) AS one LEFT JOIN chats ON status IN ('running', 'interrupting', 'requires_action') AND NOT archived
  LEFT JOIN chat_heartbeats beat ON beat.chat_id = chats.id AND beat.runner_id = chats.runner_id`;

const NOT_LOCKED = 'SELECT id FROM chats WHERE id = ANY ($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED';

export class IdleMonitor {
  readonly violations: Violation[] = [];
  looks = 0;
  longestSeconds = 0;
  readonly #pool: Pool;
  readonly #isFair: () => boolean;
  #countFrom = 0;
  #lastLook = 0;
  /** Looks that came late: when, and how much later than usual. Seconds. */
  #delays: { at: number; seconds: number }[] = [];
  #alone = new Map<string, { runner: string | null; since: number }>();
  readonly #excused = new Map<string, number>();

  /** @param isFair whether a healthy worker is there now, and Postgres */
  constructor(pool: Pool, isFair: () => boolean) {
    this.#pool = pool;
    this.#isFair = isFair;
  }

  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await systemClock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #look(): Promise<void> {
    const wasFair = this.#isFair();
    const seen = await orDatabaseAway(this.#pool.query<Row>(LOOK));
    const now = seen === 'away' ? undefined : seen.rows[0]?.now;
    if (seen === 'away' || now === undefined) {
      this.#countFrom = Number.POSITIVE_INFINITY;
      return;
    }
    if (!wasFair || !this.#isFair() || now - this.#lastLook > LATE_SECONDS) this.#countFrom = now;
    this.#countFrom = Math.min(this.#countFrom, now);
    const delay = now - this.#lastLook - LOOK_EVERY_MS / 1000 - USUAL_DELAY_SECONDS;
    this.#delays = this.#delays.filter(({ at }) => now - at < 10 * IDLE_LIMIT_SECONDS);
    if (delay > 0) this.#delays.push({ at: now, seconds: delay });
    this.#lastLook = now;
    this.looks += 1;
    await this.#judge(seen.rows.filter(({ id }) => id !== null));
  }

  /** Seconds since `from` that the machine did not give. */
  #lostSince(from: number): number {
    return this.#delays.reduce((sum, { at, seconds }) => (at > from ? sum + seconds : sum), 0);
  }

  async #judge(rows: readonly Row[]): Promise<void> {
    const alone = new Map<string, { runner: string | null; since: number }>();
    const late: { id: string; seconds: number; now: number }[] = [];
    for (const { id, runner, beatAt, now } of rows) {
      const before = this.#alone.get(id);
      const since = beatAt ?? (before?.runner === runner ? before.since : now);
      if (beatAt === null) alone.set(id, { runner, since });
      const from = Math.max(since, this.#countFrom, this.#excused.get(id) ?? 0);
      const seconds = now - from - this.#lostSince(from);
      if (seconds > SUSPECT_SECONDS) late.push({ id, seconds, now });
      else this.longestSeconds = Math.max(this.longestSeconds, seconds);
    }
    this.#alone = alone;
    if (late.length === 0) return;
    const free = await orDatabaseAway(this.#pool.query<{ id: string }>(NOT_LOCKED, [late.map(({ id }) => id)]));
    if (free === 'away') return;
    for (const { id, seconds, now } of late) {
      const isLocked = !free.rows.some((row) => row.id === id);
      if (isLocked || seconds > IDLE_LIMIT_SECONDS) this.#excused.set(id, now);
      if (isLocked) continue;
      this.longestSeconds = Math.max(this.longestSeconds, seconds);
      if (seconds <= IDLE_LIMIT_SECONDS) continue;
      const until = systemClock.now().toISOString();
      this.violations.push({ chatId: id, what: `nobody drove it for ${seconds.toFixed(1)} s until ${until}` });
    }
  }
}
