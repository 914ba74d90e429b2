/**
 * The lease of the active recorder: one row with a term, on the database's clock.
 * Whoever takes it counts the term up. Each write names the term, so that a recorder that was frozen, or that runs a
 * second time, writes nothing. The local clock only says when to stop believing that it is held.
 */
import type { Pool } from 'pg';
import type { Clock } from '../../common/clock.ts';

/** Seconds that the lease lasts after a renewal. */
const LEASE_SECONDS = 15;
/** Seconds between two renewals, or two tries to take it: another recorder has it within 20 s. */
export const LEASE_INTERVAL_SECONDS = 5;

/** One holding of the lease. */
export interface Term {
  readonly holder: string;
  /** Number of the term, as text: it is a bigint. */
  readonly number: string;
}

/** Error for a write that came too late: another recorder has the lease, or nobody has. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

const UNTIL = `clock_timestamp() + interval '${LEASE_SECONDS} seconds'`;

/** A lease further ahead than one can be made was made before the clock was set back. */
const TAKE = `
  UPDATE chat_debug_recorder.recorder_lease SET term = term + 1, holder = $1, expires_at = ${UNTIL}
  WHERE expires_at NOT BETWEEN clock_timestamp() AND ${UNTIL}
  RETURNING term::text AS number`;

const RENEW = `
  UPDATE chat_debug_recorder.recorder_lease SET expires_at = ${UNTIL}
  WHERE holder = $1 AND term = $2::bigint RETURNING term::text AS number`;

const GIVE_UP = `
  UPDATE chat_debug_recorder.recorder_lease SET expires_at = '-infinity'
  WHERE holder = $1 AND term = $2::bigint`;

/**
 * Fence of a write, to stand first among its common table expressions: a row while the term lasts, else none.
 * `$1` is the holder, `$2` the number of the term. It keeps the lease from being taken until the write is committed.
 */
export const FENCE = `
  fence AS (
    SELECT term FROM chat_debug_recorder.recorder_lease
    WHERE holder = $1 AND term = $2::bigint AND expires_at > clock_timestamp() FOR SHARE)`;

export class Lease {
  readonly #pool: Pool;
  readonly #holder: string;
  readonly #clock: Clock;
  #held: { readonly term: Term; readonly sinceMs: number } | undefined;

  /** @param holder id of this recorder, new on every start */
  constructor(pool: Pool, holder: string, clock: Clock) {
    this.#pool = pool;
    this.#holder = holder;
    this.#clock = clock;
  }

  /** Term that this recorder holds. Undefined: it is not active. */
  get term(): Term | undefined {
    const isOver = this.#held && this.#clock.monotonicMs() - this.#held.sinceMs >= LEASE_SECONDS * 1_000;
    return isOver ? undefined : this.#held?.term;
  }

  /** Renews the lease, or tries to take it. Call it every `LEASE_INTERVAL_SECONDS`. */
  async keep(): Promise<void> {
    const held = this.#held?.term;
    if (held && (await this.#ask(RENEW, [this.#holder, held.number]))) return;
    await this.#ask(TAKE, [this.#holder]);
  }

  /** Gives the lease up, so that another recorder need not wait for its end. */
  async giveUp(): Promise<void> {
    const held = this.#held?.term;
    this.#held = undefined;
    if (held) await this.#pool.query(GIVE_UP, [this.#holder, held.number]);
  }

  /** True if the lease is held now, counted from before the question. */
  async #ask(sql: string, values: readonly string[]): Promise<boolean> {
    const sinceMs = this.#clock.monotonicMs();
    const { rows } = await this.#pool.query<{ number: string }>(sql, [...values]);
    const number = rows[0]?.number;
    this.#held = number === undefined ? undefined : { term: { holder: this.#holder, number }, sinceMs };
    return number !== undefined;
  }
}
