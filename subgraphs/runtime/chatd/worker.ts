/**
 * The chat worker of a replica: takes runnable chats, keeps its leases on them, and gives them up when told to.
 *
 *   created ──start──▶ running ──stop──▶ draining ──▶ stopped
 *
 * Five loops run without waiting for each other:
 *
 * - Acquisition takes chats.
 * - Heartbeats renew leases and the replica's row.
 * - Database sync reads rows again, so that a lost notification does no harm.
 * - A watch looks over leases that could not be renewed.
 * - A clean-up deletes old rows.
 *
 * While it drains, it takes nothing new, hands every chat over, then ends its loops and marks its row. A worker that an operator
 * has told to drain does the first two, and goes on running.
 */
import { isNativeError } from 'node:util/types';
import DataLoader from 'dataloader';
import type { Pool } from 'pg';
import type { Logger } from '../../../server/log.ts';
import { type Loop, startLoop } from '../../../server/loop.ts';
import { listen, type Notifications } from '../../../server/notifications.ts';
import type { LoopInspection, RefusedChat } from '../inspector.ts';
import { acquireChats } from './acquisition.ts';
import { type ChatState, readChatsApart } from './chatState.ts';
import { cleanUp } from './cleanUp.ts';
import { failureName, isOfAll } from './databaseFailure.ts';
import { DrainOrder } from './drainOrder.ts';
import type { GenerationTools } from './generation.ts';
import { isTrusted, type Lease, watchIntervalSeconds } from './lease.ts';
import { LeaseRenewal, leaseFromNow } from './leaseRenewal.ts';
import { RefusedChats } from './refusedChats.ts';
import { releaseChats } from './release.ts';
import { keepReplica, markReplicaStopped, type OwnReplicaRow } from './replicaRow.ts';
import { Runner } from './runner.ts';
import { Runners } from './runners.ts';

const ACQUIRE_AT_ONCE = 50;
const CLEAN_UP_INTERVAL_SECONDS = 60;
const DRAIN_LIMIT_MS = 2_500;
/** Milliseconds for which a hand-over at the end waits for chats that are being taken. */
const TAKING_LIMIT_MS = 500;
/** Milliseconds after a new connection in which leases that cannot be seen are believed. */
const OWNERS_FIRST_MS = 2_000;
/** Milliseconds for which the replica's row waits for the leases. */
const LEASES_FIRST_MS = 1_000;

export interface WorkerSettings {
  readonly workerId: string;
  readonly databaseUrl: string;
  readonly heartbeatIntervalSeconds: number;
  readonly staleAfterSeconds: number;
  /** Seconds by which a lease or a row may be ahead of the database's clock before it is wrong. */
  readonly clockAheadSeconds: number;
  readonly acquisitionIntervalSeconds: number;
  readonly maxRunners: number;
  /** Age in days from which events are deleted. */
  readonly historyRetentionDays: number;
}

export class ChatWorker {
  readonly settings: WorkerSettings;
  readonly kit: GenerationTools;
  readonly startedAt: Date;
  readonly runners = new Runners();
  readonly #pool: Pool;
  readonly #leasePool: Pool;
  readonly #log: Logger;
  readonly #reader: DataLoader<string, ChatState | undefined>;
  #phase: 'created' | 'running' | 'draining' | 'stopped' = 'created';
  #loops: { acquisition: Loop; heartbeats: Loop; databaseSync: Loop; watch: Loop; cleanUp: Loop } | undefined;
  #notifications: Notifications | undefined;
  #stopped: Promise<void> | undefined;
  #passedOver = false;
  #fullAtMs: number;
  readonly #refused: RefusedChats;
  readonly #renewal: LeaseRenewal;
  readonly #drainOrder: DrainOrder;
  #breakOffs = 0;
  /** True if a taking failed that may have been committed, so that there may be chats of this worker without a runner here. */
  #mayHoldMore = false;
  #isConnected = false;
  /** Moment until which owners come first, in monotonic milliseconds. */
  #ownersFirstUntilMs = 0;
  #acquiring = Promise.resolve();
  #givingUp: Promise<void> | undefined;

  /** @param leasePool connections for leases and the replica's row alone: those of `kit` may all be waiting */
  constructor(settings: WorkerSettings, kit: GenerationTools, leasePool: Pool, log: Logger) {
    this.settings = settings;
    this.kit = kit;
    this.startedAt = kit.clock.now();
    this.#fullAtMs = kit.clock.monotonicMs();
    this.#pool = kit.pool;
    this.#leasePool = leasePool;
    this.#log = log;
    this.#refused = new RefusedChats(kit.clock);
    const { workerId, heartbeatIntervalSeconds } = settings;
    const again = () => this.#loops?.heartbeats.wake();
    this.#renewal = new LeaseRenewal({
      pool: leasePool,
      workerId,
      heartbeatIntervalSeconds,
      again,
      clock: kit.clock,
      log,
    });
    this.#drainOrder = new DrainOrder(leasePool, workerId, log);
    this.#reader = new DataLoader((ids) => readChatsApart(this.#pool, ids), { cache: false });
  }

  get phase() {
    return this.#phase;
  }

  /** Tasks that broke off since the start. */
  get breakOffs(): number {
    return this.#breakOffs;
  }

  /** Chats that could not be taken, the latest first. */
  get refusedChats(): RefusedChat[] {
    return this.#refused.all();
  }

  /** Begins to take chats. The replica's row exists, and is kept. */
  start(replica: OwnReplicaRow): void {
    if (this.#phase !== 'created') return;
    this.#phase = 'running';
    const { acquisitionIntervalSeconds, heartbeatIntervalSeconds, staleAfterSeconds, databaseUrl } = this.settings;
    const loop = (name: string, intervalSeconds: number, work: () => Promise<void>) =>
      startLoop({ name, intervalSeconds, work, nameOf: failureName, clock: this.kit.clock, log: this.#log });
    this.#loops = {
      acquisition: loop('acquisition', acquisitionIntervalSeconds, () => this.#acquire()),
      heartbeats: loop('heartbeats', heartbeatIntervalSeconds, () => this.#beat(replica)),
      databaseSync: loop('databaseSync', acquisitionIntervalSeconds, () => this.#sync()),
      watch: loop('watch', watchIntervalSeconds(staleAfterSeconds), () => this.#watch()),
      cleanUp: loop('cleanUp', CLEAN_UP_INTERVAL_SECONDS, () => this.#cleanUp()),
    };
    this.#notifications = listen({
      databaseUrl,
      name: 'chatd notifications',
      channels: ['chat_ownership', 'chat_update'],
      onNotification: (channel, payload) => this.#notified(channel, payload),
      onConnected: () => this.#connected(),
      onLost: () => this.#disconnected(),
      clock: this.kit.clock,
      log: this.#log,
    });
  }

  /** Gives every chat up and ends. A second call changes nothing. */
  stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  async #drain(): Promise<void> {
    this.#phase = 'draining';
    const listened = this.#notifications?.stop();
    await this.#within(DRAIN_LIMIT_MS, this.#handOverAtEnd());
    // A chat that could not be given up is left to its lease, but nothing goes on here.
    for (const runner of this.runners.active()) runner.lose('the worker stops');
    for (const loop of Object.values(this.#loops ?? {})) void loop.stop();
    await this.#loops?.heartbeats.stop(); // the only one that would write the row
    await markReplicaStopped(this.#leasePool, this.settings.workerId).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'could not mark the replica as stopped; its row will grow old instead');
    });
    await Promise.all([listened, this.kit.store.announcements.sent()]); // a write may have come through meanwhile
    this.#phase = 'stopped';
  }

  /** Hands over what is here. What is still being taken, as when one chat hangs, follows once it is this worker's. */
  async #handOverAtEnd(): Promise<void> {
    const taken = this.#loops?.acquisition.stop();
    await this.#within(TAKING_LIMIT_MS, taken);
    await this.#handOver();
    await taken;
    await releaseChats(this.#leasePool, this.settings.workerId).catch(() => {}); // its stopped owner frees it
  }

  /** Waits for the work, but no longer than so many milliseconds. */
  async #within(limitMs: number, work: Promise<void> | undefined): Promise<void> {
    const limit = new AbortController();
    await Promise.race([work, this.kit.clock.sleep(limitMs, limit.signal)]);
    limit.abort();
  }

  /** True if it takes no chats for now or for ever: it stops, or an operator has told it to drain. */
  get isDraining(): boolean {
    return this.#drainOrder.stands || this.#phase === 'draining' || this.#phase === 'stopped';
  }

  /** True if it takes no more chats: it has as many runners as it may, or its buffers are full. */
  get isFull(): boolean {
    return this.runners.count >= this.settings.maxRunners || this.kit.buffers.isFull;
  }

  /** Seconds for which it has had room, from its start on; 0 while it is full. */
  get roomSeconds(): number {
    return this.isFull ? 0 : (this.kit.clock.monotonicMs() - this.#fullAtMs) / 1000;
  }

  #noteIfFull(): void {
    if (this.isFull) this.#fullAtMs = this.kit.clock.monotonicMs();
  }

  /**
   * Hands chats over: first the rows, all at once, so that others can go on early. Then what was locked, one by one.
   */
  async #handOver(): Promise<void> {
    let failure: unknown;
    const failed = (error: unknown) => {
      failure ??= error;
      return new Set<string>();
    };
    const released = await releaseChats(this.#leasePool, this.settings.workerId).catch(failed);
    // While the database is away or takes no writes, one by one is no better. Otherwise one chat that is refused, or hangs, must
    // not hold the others.
    if (!failure || !isOfAll(failure)) {
      const runners = this.runners.active();
      await Promise.all(
        runners.map((runner) => (released.has(runner.chatId) ? runner.leave() : runner.handOver().catch(failed))),
      );
    }
    await this.kit.store.announcements.sent();
    if (failure) {
      this.#log.warn({ err: failure }, 'could not give every chat up; they are taken when their leases are stale');
    }
  }

  /** Hands everything over, once chats that are being taken are here: such a chat would else come and go twice. */
  async #giveUpAll(): Promise<void> {
    await this.#acquiring;
    await this.#handOver();
    this.#givingUp = undefined;
  }

  /**
   * Notes that the database may have been down. A crash empties the table of leases, and owners that live restore theirs.
   * Until they have had the time, no chat is taken from its owner.
   */
  #disconnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#ownersFirstUntilMs = this.kit.clock.monotonicMs() + this.settings.staleAfterSeconds * 1000;
  }

  #connected(): void {
    this.#isConnected = true;
    const untilMs = this.kit.clock.monotonicMs() + OWNERS_FIRST_MS;
    this.#ownersFirstUntilMs = Math.min(this.#ownersFirstUntilMs, untilMs);
    this.#renewal.connected();
    for (const name of ['heartbeats', 'acquisition', 'databaseSync'] as const) this.#loops?.[name].wake();
  }

  #acquire(): Promise<void> {
    const acquiring = this.#acquireNow();
    this.#acquiring = acquiring.catch(() => {
      this.#mayHoldMore = true; // the loop tells of the failure
    });
    return acquiring;
  }

  async #acquireNow(): Promise<void> {
    const { workerId, staleAfterSeconds, clockAheadSeconds, maxRunners } = this.settings;
    this.#passedOver = this.isFull;
    if (this.isFull || this.#drainOrder.stands) return;
    await this.#releaseUnknown();
    const limit = Math.min(ACQUIRE_AT_ONCE, maxRunners - this.runners.count);
    const lease = leaseFromNow(this.kit.clock);
    const [paused, apart] = [this.#refused.current(), this.#refused.due()];
    const { more, refused, left } = await acquireChats(this.#pool, {
      ...{ workerId, staleAfterSeconds, clockAheadSeconds, limit, apart },
      except: [...paused, ...apart.map(({ chatId }) => chatId)],
      held: this.runners.active().map(({ chatId }) => chatId),
      undrivenOnly: this.kit.clock.monotonicMs() < this.#ownersFirstUntilMs,
      onTaken: (chats) => {
        for (const chat of chats) {
          this.kit.store.announcements.tell(chat);
          if (this.#phase === 'running') this.#run(chat, lease); // else it is about to be handed over
        }
      },
    });
    for (const { chatId, ownerId, error } of refused) {
      const delayMs = this.#refused.note({ chatId, ownerId, reason: failureName(error) });
      this.#log.warn({ err: error, chatId, delayMs }, 'a chat cannot be taken');
    }
    this.#refused.keep([...paused, ...left, ...refused.map(({ chatId }) => chatId)]);
    if (more) this.#loops?.acquisition.wake();
  }

  /** Gives up chats that have no runner here. */
  async #releaseUnknown(): Promise<void> {
    if (!this.#mayHoldMore) return;
    const kept = [...this.runners.all()].map(({ runnerId }) => runnerId);
    await releaseChats(this.#leasePool, this.settings.workerId, kept).catch((error: unknown) => {
      if (isOfAll(error)) throw error; // else a chat that cannot be given up is left to its lease
    });
    this.#mayHoldMore = false;
  }

  #run(chat: ChatState, lease: Lease): void {
    const runner = new Runner({
      chatId: chat.id,
      runnerId: chat.runnerId ?? '',
      workerId: this.settings.workerId,
      lease,
      kit: this.kit,
      log: this.#log,
      onBrokeOff: () => {
        this.#breakOffs += 1;
      },
      onGone: (gone) => {
        this.#noteIfFull();
        this.runners.remove(gone);
        this.#acquireIfRoom();
        this.kit.buffers.wake(gone.chatId);
      },
    });
    this.runners.add(runner);
    runner.update(chat);
  }

  /** Looks for chats once there is room: those that found the worker full must not wait for the next interval. */
  #acquireIfRoom(): void {
    if (this.#passedOver && !this.isFull) this.#loops?.acquisition.wake();
  }

  /**
   * Renews leases and the replica's row. The row waits for the leases, so that one connection is enough, but not for
   * those that hang.
   */
  async #beat(replica: OwnReplicaRow): Promise<void> {
    const beganMs = this.kit.clock.monotonicMs();
    const leases = this.#renewal.renew(this.runners.active());
    await this.#within(
      LEASES_FIRST_MS,
      leases.catch(() => {}),
    );
    const latencyMs = this.kit.clock.monotonicMs() - beganMs;
    const row = keepReplica(this.#leasePool, replica, Math.round(latencyMs * 1000));
    const parts = await Promise.allSettled([leases, row, this.#obeyDrain()]);
    for (const part of parts) if (part.status === 'rejected') throw part.reason;
  }

  /**
   * Does what an operator wants. While it is told to drain, it takes nothing, and gives up what it holds. A chat is given up once:
   * nothing brings it back here.
   */
  async #obeyDrain(): Promise<void> {
    const change = await this.#drainOrder.look();
    if (change === 'taken back') this.#loops?.acquisition.wake();
    const mustGiveUp = this.#drainOrder.stands && this.#phase === 'running' && this.runners.active().length > 0;
    if (mustGiveUp) this.#givingUp ??= this.#giveUpAll(); // no beat waits for it: leases are renewed meanwhile
  }

  async #sync(): Promise<void> {
    const runners = this.runners.active();
    const known = runners.map((runner) => runner.snapshotVersion);
    const chats = await this.#reader.loadMany(runners.map((runner) => runner.chatId));
    runners.forEach((runner, place) => {
      const chat = chats[place];
      if (isNativeError(chat)) this.#unreadable(runner.chatId, chat);
      else if (chat) runner.update(chat, known[place]);
      else runner.lose('the chat is gone');
    });
  }

  /** Notes a chat that cannot be read. It costs that chat a look, and the others nothing. */
  #unreadable(chatId: string, error: unknown): void {
    this.#log.warn({ err: error, chatId }, 'could not read a chat');
  }

  async #watch(): Promise<void> {
    const nowMs = this.kit.clock.monotonicMs();
    for (const runner of this.runners.active()) {
      if (!isTrusted(runner.lease, this.settings.staleAfterSeconds, nowMs)) runner.lose('the lease ran out');
    }
    this.#noteIfFull();
    this.kit.buffers.sweep();
    this.#acquireIfRoom();
  }

  async #cleanUp(): Promise<void> {
    await cleanUp(this.#pool, this.settings);
  }

  #notified(channel: string, payload: string): void {
    if (channel === 'chat_ownership') this.#loops?.acquisition.wake();
    if (channel !== 'chat_update') return;
    const update = /"chat_id"\s*:\s*"([0-9a-f-]{36})".*"snapshot_version"\s*:\s*(-?\d+)/.exec(payload);
    const [, chatId = '', version = '0'] = update ?? [];
    for (const runner of this.runners.ofChat(chatId)) {
      if (runner.phase !== 'STOPPING' && runner.isBehind(Number(version))) void this.#refresh(runner);
    }
  }

  async #refresh(runner: Runner): Promise<void> {
    try {
      const chat = await this.#reader.load(runner.chatId);
      if (chat) runner.update(chat);
    } catch (error) {
      this.#unreadable(runner.chatId, error);
    }
  }

  /** Health of a loop. Before the worker starts, it has never run. */
  inspectLoop(name: 'acquisition' | 'heartbeats' | 'databaseSync'): LoopInspection {
    const { acquisitionIntervalSeconds, heartbeatIntervalSeconds } = this.settings;
    const intervalSeconds = name === 'heartbeats' ? heartbeatIntervalSeconds : acquisitionIntervalSeconds;
    const never = { lastRunAt: null, lastError: null, consecutiveFailures: 0, intervalSeconds };
    return this.#loops?.[name].inspect() ?? never;
  }
}
