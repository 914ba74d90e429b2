/** The planned faults, made one after the other or at once. One replica is always left alone. */
import type { Pool } from 'pg';
import { systemClock } from '../../common/clock.ts';
import type { PostgresServer } from '../support/postgresServer.ts';
import { orDatabaseAway } from './databaseAway.ts';
import type { FaultKind, PlannedFault } from './plan.ts';
import type { ReplicaProcess } from './replicaProcess.ts';

const LOOK_EVERY_MS = 50;
const COMMIT_LIMIT_MS = 3_000;
/** End of a transaction, or a write in one statement by the name of its transition. */
const WRITE = /COMMIT|commitStep|finishError|finishInterruption|recordGenerationAttempt/;

/** Targets of the faults, and a way to ask the database that only its own faults hit. */
export interface World {
  readonly postgres: PostgresServer;
  readonly replicas: readonly ReplicaProcess[];
  readonly pool: Pool;
}

export class Injector {
  readonly injected = new Map<FaultKind, number>();
  /** The runnable chats that the replica had (of Postgres: all) when it was hit. */
  readonly touched = new Map<FaultKind, Set<string>>();
  /** Faults by time, with their worker. */
  readonly timeline: string[] = [];
  readonly #world: World;
  readonly #signal: AbortSignal;
  #postgresFault: Promise<void> = Promise.resolve();

  constructor(world: World, signal: AbortSignal) {
    this.#world = world;
    this.#signal = signal;
  }

  /** Waits for the fault's time, makes it, and waits until all is well again. */
  async inject(fault: PlannedFault): Promise<void> {
    await systemClock.sleep(fault.atMs, this.#signal);
    if (this.#signal.aborted) return;
    if (fault.kind === 'restart' || fault.kind === 'crash') {
      this.#postgresFault = this.#postgresFault.then(() => this.#hitPostgres(fault));
      await this.#postgresFault;
    } else await this.#hitReplica(fault, fault.kind);
  }

  async #hitPostgres({ kind }: PlannedFault): Promise<void> {
    if (this.#signal.aborted) return;
    await this.#note(kind, `SELECT id FROM chats WHERE status IN ('running', 'interrupting', 'requires_action')`);
    await this.#world.postgres.restart(kind === 'crash' ? 'immediate' : 'fast');
  }

  async #hitReplica(fault: PlannedFault, kind: Exclude<FaultKind, 'restart' | 'crash'>): Promise<void> {
    const replica = await this.#pick(fault.replica);
    if (!replica) return;
    const make = () => this.#make(replica, kind, fault);
    const lastsAfterwards = kind !== 'deafen' && kind !== 'shiftClock' && kind !== 'loseCommit';
    await (lastsAfterwards ? replica.suffer(make) : make());
  }

  /** One that is healthy while another one is, too. */
  async #pick(wanted: number): Promise<ReplicaProcess | undefined> {
    const { replicas } = this.#world;
    while (!this.#signal.aborted) {
      const inOrder = replicas.map((_, place) => replicas[(wanted + place) % replicas.length]);
      const [first, second] = inOrder.filter((replica) => replica?.isHealthy);
      if (first && second) return first;
      await systemClock.sleep(LOOK_EVERY_MS, this.#signal);
    }
    return undefined;
  }

  async #make(
    replica: ReplicaProcess,
    kind: Exclude<FaultKind, 'restart' | 'crash'>,
    fault: PlannedFault,
  ): Promise<void> {
    const { proxy } = replica;
    if (kind === 'loseCommit') return this.#loseCommit(replica);
    const pause = () => systemClock.sleep(fault.lastsMs, this.#signal);
    const noted = this.#noteOwned(kind, replica.workerId);
    switch (kind) {
      case 'kill':
      case 'drain':
        await replica.end(kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
        await replica.start();
        break;
      case 'stop':
        await replica.pause(fault.lastsMs);
        break;
      case 'cut':
        await proxy.close();
        await pause();
        await proxy.listen();
        break;
      case 'freeze':
        proxy.freeze();
        await pause();
        proxy.thaw();
        break;
      case 'deafen':
        proxy.dropsNotifications = true;
        await pause();
        proxy.dropsNotifications = false;
        break;
      case 'shiftClock':
        replica.moveClock(fault.minutes);
        break;
      default:
        return kind satisfies never;
    }
    await noted;
  }

  /** Loses a commit of any replica that commits soon, looking from this one on. */
  async #loseCommit(first: ReplicaProcess): Promise<void> {
    const { replicas } = this.#world;
    for (let place = replicas.indexOf(first); !this.#signal.aborted; place += 1) {
      const replica = replicas[place % replicas.length] ?? first;
      const lost = new AbortController();
      replica.proxy.loseNextAnswer((request) => {
        const fits = WRITE.test(request.toString('latin1'));
        if (fits) lost.abort();
        return fits;
      });
      await systemClock.sleep(COMMIT_LIMIT_MS, AbortSignal.any([lost.signal, this.#signal]));
      if (lost.signal.aborted) return this.#noteOwned('loseCommit', replica.workerId);
      replica.proxy.loseNextAnswer(() => false);
    }
  }

  #noteOwned(kind: FaultKind, workerId: string | undefined): Promise<void> {
    return this.#note(kind, 'SELECT id FROM chats WHERE worker_id = $1', workerId);
  }

  async #note(kind: FaultKind, chats: string, ...values: unknown[]): Promise<void> {
    this.timeline.push(`${systemClock.now().toISOString()} ${kind} ${values.join()}`);
    this.injected.set(kind, (this.injected.get(kind) ?? 0) + 1);
    const set = this.touched.get(kind) ?? new Set();
    this.touched.set(kind, set);
    const found = await orDatabaseAway(this.#world.pool.query<{ id: string }>(chats, values));
    if (found !== 'away') for (const { id } of found.rows) set.add(id);
  }
}
