/**
 * The directory of replicas: where each is, and whether it has stopped. It answers from memory.
 * It is read anew in the background while it is in use, and at once for an id that it does not hold.
 * One reading serves all who wait for it. It lists live replicas as far as a list goes, and looks up the others that were
 * asked for lately.
 * A reading that fails changes nothing. A row that could not be read stays as it was.
 */
import { type Clock, whenOver } from '../common/clock.ts';
import type { StopSignal } from '../common/stopSignal.ts';
import type { Logger } from '../server/log.ts';
import type { ReplicaPlace } from './ask/share.ts';

/** While in use, the directory is read anew when it is older. */
const REFRESH_MS = 2_000;
/** A row that is not listed, as that of a stopped replica, is read for this long after it was asked for last. */
const KEPT_MS = 10_000;

export interface ReplicaRow {
  readonly id: string;
  /** The URL at which other processes reach it. */
  readonly relayAddress: string;
  /** Null: it has not stopped in order. */
  readonly stoppedAt: string | null;
  /** Version of its software. Undefined: not known, or nothing that a client may be shown. */
  readonly version?: string | undefined;
}

/** Row that was looked up and could not be read: nobody knows whether it is there. */
export interface UnreadRow {
  readonly id: string;
  readonly isUnread: true;
}

export interface ReplicaDirectory {
  /**
   * Gives a promise for each id, in their order, since those that are held need not wait for the others. None rejects; all are
   * settled once `signal` aborts.
   */
  lookUp(ids: readonly string[], signal: StopSignal): Promise<ReplicaPlace>[];
  /** The same for one id, from a reading that begins after this call. */
  lookUpAnew(id: string, signal: StopSignal): Promise<ReplicaPlace>;
  /** Reads the table anew in the background if it is old, as a look-up does. */
  refresh(): void;
  /** Milliseconds since the reading began that all answers are from; null: none has succeeded yet. */
  ageMs(): number | null;
  /** Number of replicas that have not stopped; undefined: nothing was read yet. Reads nothing by itself. */
  countReplicas(): number | undefined;
}

interface ReplicaDirectoryOptions {
  /** Reads the rows of the replicas that are alive, though perhaps not of all, and those of `ids`. Must end by itself. */
  readonly load: (ids: readonly string[]) => Promise<readonly (ReplicaRow | UnreadRow)[]>;
  readonly clock: Clock;
  readonly log: Logger;
}

export function makeReplicaDirectory({ load, clock, log }: ReplicaDirectoryOptions): ReplicaDirectory {
  let rows: ReadonlyMap<string, ReplicaRow> = new Map();
  /** Ids of `rows` that the last reading held without being asked for them. */
  let listed: ReadonlySet<string> = new Set();
  /** Ids whose rows the last reading could not read. */
  let unread: ReadonlySet<string> = new Set();
  /** Ids that the next reading must look up, since they may not be listed; with when they were asked for last. */
  const wanted = new Map<string, number>();
  const want = (id: string) => wanted.set(id.toLowerCase(), clock.monotonicMs());
  let begunAtMs = Number.NEGATIVE_INFINITY;
  let heldSinceMs: number | null = null;
  /** Resolves to whether it succeeded. */
  let running: Promise<boolean> | undefined;
  let queued: Promise<boolean> | undefined;

  const read = async (): Promise<boolean> => {
    const begunNowMs = clock.monotonicMs();
    begunAtMs = begunNowMs;
    const asked = new Map([...wanted].filter(([, atMs]) => begunNowMs - atMs <= KEPT_MS));
    wanted.clear();
    const wantAgain = (isWanted: (id: string) => boolean) => {
      for (const [id, atMs] of asked) if (!wanted.has(id) && isWanted(id)) wanted.set(id, atMs);
    };
    try {
      const found = await load([...asked.keys()]);
      const [before, after] = [rows, new Map<string, ReplicaRow>()];
      for (const row of found) {
        const id = row.id.toLowerCase();
        const known = 'isUnread' in row ? (after.get(id) ?? before.get(id)) : row;
        if (known) after.set(id, known);
      }
      rows = after;
      unread = new Set(found.flatMap((row) => ('isUnread' in row ? [row.id.toLowerCase()] : [])));
      heldSinceMs = begunNowMs;
      wantAgain((id) => rows.has(id)); // made-up ids do not pile up
      listed = new Set([...rows.keys()].filter((id) => !asked.has(id)));
      return true;
    } catch (error) {
      log.warn({ err: error }, 'the replica table could not be read');
      wantAgain(() => true);
      return false;
    }
  };

  /** A reading that begins after this call: one under way may have passed the row before it was written. */
  const readAnew = (): Promise<boolean> => {
    if (!running) {
      running = read().finally(() => {
        running = undefined;
      });
      return running;
    }
    queued ??= running.then(() => {
      queued = undefined;
      return readAnew();
    });
    return queued;
  };

  const readIfOld = (): Promise<boolean> | undefined => {
    const isOld = clock.monotonicMs() - begunAtMs > REFRESH_MS;
    return isOld && !running ? readAnew() : undefined;
  };

  const held = (id: string): ReplicaPlace | undefined => {
    const row = rows.get(id.toLowerCase());
    if (!row) return undefined;
    return { status: row.stoppedAt === null ? 'OK' : 'STOPPED', address: row.relayAddress, version: row.version };
  };

  const afterwards = (id: string, succeeded: boolean): ReplicaPlace =>
    held(id) ?? { status: succeeded && !unread.has(id.toLowerCase()) ? 'UNKNOWN_REPLICA' : 'UNREACHABLE' };

  return {
    lookUp: (ids, signal) => {
      for (const id of ids) if (!listed.has(id.toLowerCase())) want(id);
      const begun = readIfOld();
      let reading: Promise<boolean> | undefined;
      return ids.map(async (id) => {
        const found = held(id);
        if (found) return found;
        reading ??= within(begun ?? readAnew(), signal);
        return afterwards(id, await reading);
      });
    },
    lookUpAnew: async (id, signal) => {
      want(id);
      return afterwards(id, await within(readAnew(), signal));
    },
    refresh: () => void readIfOld(),
    ageMs: () => (heldSinceMs === null ? null : clock.monotonicMs() - heldSinceMs),
    countReplicas: () =>
      rows.size > 0 ? [...rows.values()].filter(({ stoppedAt }) => stoppedAt === null).length : undefined,
  };
}

/** Result of `reading`, or false once the signal aborts. */
const within = (reading: Promise<boolean>, signal: StopSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const stopListening = whenOver(undefined, signal, () => resolve(false));
    void reading.then(resolve).finally(stopListening);
  });
