/**
 * Notifications of what has been committed, sent on best effort after the commit.
 * A NOTIFY inside of a transaction takes a lock of the whole server, and keeps it while the commit is written to disk.
 * While one statement is under way, all others gather for the next. Of a chat only the newest version is told.
 */
import type { Pool } from 'pg';

const ANNOUNCE = `SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS notice (channel, payload)`;

interface Batch {
  readonly versions: Map<string, number>;
  readonly free: Set<string>;
  sent: Promise<void>;
}

export class Announcements {
  readonly #pool: Pool;
  #underWay = Promise.resolve();
  #gathering: Batch | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Tells `chat_update`, and `chat_ownership` if a worker should acquire the chat.
   * @returns resolves once it is sent or lost
   */
  tell({ id, snapshotVersion }: { id: string; snapshotVersion: number }, isFree = false): Promise<void> {
    this.#gathering ??= this.#gather();
    this.#gathering.versions.set(id, snapshotVersion);
    if (isFree) this.#gathering.free.add(id);
    return this.#gathering.sent;
  }

  /** Resolves once all that was told so far is sent or lost. */
  sent(): Promise<void> {
    return this.#underWay;
  }

  #gather(): Batch {
    const batch: Batch = { versions: new Map(), free: new Set(), sent: Promise.resolve() };
    batch.sent = this.#underWay.then(() => {
      this.#gathering = undefined;
      return this.#send(batch);
    });
    this.#underWay = batch.sent;
    return batch;
  }

  /** Never rejects: the receivers' polls make a lost notification good. */
  async #send({ versions, free }: Batch): Promise<void> {
    const updates = [...versions].map(([chat_id, snapshot_version]) => JSON.stringify({ chat_id, snapshot_version }));
    const channels = [...updates.map(() => 'chat_update'), ...[...free].map(() => 'chat_ownership')];
    const values = [channels, [...updates, ...free]];
    await this.#pool.query({ name: 'announce', text: ANNOUNCE, values }).catch(() => {});
  }
}
