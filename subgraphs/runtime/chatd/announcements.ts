/**
 * Notifications of what has been committed, sent on best effort after the commit.
 * A NOTIFY inside of a transaction takes a lock of the whole server, and keeps it while the commit is written to disk.
 * While one statement is under way, all others gather for the next. Of a chat only the newest version is told.
 * What a worker does with its own chat is told a moment later, with what it does next: nobody waits to hear of that.
 */
import type { Pool } from 'pg';
import type { Clock } from '../../../common/clock.ts';

/** Milliseconds; less than people notice, and more than a worker takes from one write to the next while no model runs. */
const GATHER_MS = 50;
/** Milliseconds after which a statement that is under way, as on a frozen connection, holds up no other. */
const SENDING_LIMIT_MS = 1_000;

const ANNOUNCE = `SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS notice (channel, payload)`;

interface Batch {
  readonly versions: Map<string, number>;
  readonly free: Set<string>;
  readonly hurry: AbortController;
}

export class Announcements {
  readonly #pool: Pool;
  readonly #clock: Clock;
  #underWay = Promise.resolve();
  #gathering: Batch | undefined;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Tells `chat_update` of a chat that goes on with its worker. */
  tell({ id, snapshotVersion }: { id: string; snapshotVersion: number }): void {
    this.#gathering ??= this.#gather();
    this.#gathering.versions.set(id, snapshotVersion);
  }

  /** Tells `chat_ownership`: a worker should acquire the chat. Others will wait to hear of it. */
  tellFree(chatId: string): void {
    this.#gathering ??= this.#gather();
    this.#gathering.free.add(chatId);
    this.#gathering.hurry.abort();
  }

  /** Sends what is gathered now. Resolves once all that was told so far is sent or lost. */
  sent(): Promise<void> {
    this.#gathering?.hurry.abort();
    return this.#underWay;
  }

  #gather(): Batch {
    const hurry = new AbortController();
    const batch: Batch = { versions: new Map(), free: new Set(), hurry };
    this.#underWay = this.#underWay
      .then(() => this.#clock.sleep(GATHER_MS, hurry.signal))
      .then(() => {
        this.#gathering = undefined;
        return this.#send(batch);
      });
    return batch;
  }

  /** Never rejects: the receivers' polls make a lost notification good. */
  async #send({ versions, free }: Batch): Promise<void> {
    const updates = [...versions].map(([chat_id, snapshot_version]) => JSON.stringify({ chat_id, snapshot_version }));
    const channels = [...updates.map(() => 'chat_update'), ...[...free].map(() => 'chat_ownership')];
    const values = [channels, [...updates, ...free]];
    const over = new AbortController();
    const sending = this.#pool.query({ name: 'announce', text: ANNOUNCE, values }).catch(() => {});
    await Promise.race([sending, this.#clock.sleep(SENDING_LIMIT_MS, over.signal)]);
    over.abort();
  }
}
