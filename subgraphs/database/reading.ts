/**
 * One reading of the database: one moment answers all questions of one GraphQL operation.
 * Questions that are asked at once are one statement (`quickWay.ts`). All others go through one transaction, which the
 * first of them opens.
 * The operation closes the reading when its answer is ready, whatever the answer is.
 *
 * In the transaction questions run one after another, since one connection can do no other. Each has what is left of
 * the reading's time.
 * When the time is up, every open question fails at once. The server cancels the running statement by itself, and the
 * transaction ends behind the answer's back.
 */
import type { GraphQLError } from 'graphql';
import { type Clock, whenOver } from '../../common/clock.ts';
import { Stop } from '../../common/stopSignal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { inSpan, SpanKind, spanFailed } from '../../server/tracing.ts';
import type { Batch } from './batch.ts';
import type { IndexText } from './indexText.ts';
import type { Findings, Inquire } from './inquiry.ts';
import type { ReadingMetrics, ReadingOutcome } from './metrics.ts';
import type { PlatformMemory } from './platformMemory.ts';
import type { QuickWay } from './quickWay.ts';
import { aborted, type Deadline, startDeadline, TimeIsUp } from './readingDeadline.ts';
import { type FailureOptions, outcomeOf, ReadingFailures } from './readingFailures.ts';
import type { TableName } from './tables/described.ts';
import { isReadable } from './tables/sources.ts';
import { begin, type DatabaseQuestion, limited, type Moment, type Transaction, transactionFor } from './transaction.ts';
import { databaseUnavailable, isTimedOut, saysUnsupported, sqlState, timedOut, unavailableOr } from './unavailable.ts';

interface Opened {
  readonly tx: Transaction;
  readonly moment: Moment;
}

export interface Within<T> {
  readonly settled: PromiseSettledResult<T>;
  /** Tables that are waited for, and the error for the client. */
  readonly locked?: { readonly waitsFor: readonly string[]; readonly error: GraphQLError };
}

export interface ReadingOptions extends FailureOptions {
  readonly prisma: PrismaClient;
  readonly clock: Clock;
  readonly metrics: ReadingMetrics;
  readonly platforms: Pick<PlatformMemory, 'find' | 'forget' | 'indexes'>;
  readonly quickWay: Pick<QuickWay, 'begin' | 'learn'>;
}

/**
 * Milliseconds before the time of a reading is up at which an inquiry begins.
 * Its connection, and each of its statements, may take as long.
 */
export const inquiryMs = (limitMs: number): number => Math.min(1_000, Math.ceil(limitMs / 4));

/** Findings of a database that answers, with nothing to report. */
const NOTHING_FOUND: Findings = { waitsFor: [], lacks: [], lackingIndexes: [], heldBy: null, platform: undefined };

export class Reading {
  readonly #options: ReadingOptions;
  readonly #failures: ReadingFailures;
  readonly #closing = new Stop();
  #deadline: Deadline | undefined;
  #opened: Promise<Opened> | undefined;
  #moment: Moment | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #ended: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #batch: Batch | undefined;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#failures = new ReadingFailures(options);
  }

  /**
   * Opens a batch: the questions of this turn of the event loop become one statement. Opens none if a question was asked
   * before, or if only a transaction will do.
   * It is for an operation that asks all it ever will at once: later questions are answered by a later moment.
   * @param ownerId owner of all chats that it reads; undefined: all owners
   * @returns true if questions that are asked now join the batch; false if each is asked in the transaction
   */
  openBatch(ownerId: string | undefined): boolean {
    if (!this.#deadline) this.#batch ??= this.#options.quickWay.begin(ownerId);
    return this.#batch?.isOpen === true;
  }

  /**
   * Puts a question.
   * @param name of the question, in metrics and traces
   * @param along indexes that it wants most; a missing one is named when time runs short
   * @throws GraphQLError `DATABASE_UNAVAILABLE`, `QUERY_TIMED_OUT`, `SCHEMA_UNSUPPORTED`; any other error is a defect
   * of the question
   */
  ask<T>(name: string, question: DatabaseQuestion<T>, along: readonly IndexText[] = []): Promise<T> {
    return this.#quickly(name, question, () => this.#askInTurn(name, question, along));
  }

  #askInTurn<T>(
    name: string,
    question: DatabaseQuestion<T>,
    along: readonly IndexText[],
    outcomeIn?: (answer: T) => ReadingOutcome,
  ): Promise<T> {
    return this.#take((tx, moment) => {
      this.#failures.along = along;
      return this.#measured(name, async () => question(transactionFor(name, tx, moment.platform), moment), outcomeIn);
    });
  }

  /**
   * Puts a question that may take long, and whose failure spares the others.
   * If others wait for it, it has half of the time that is left. The reason is asked for while it still waits; nobody
   * would know it later.
   * @throws as `ask`
   */
  askApart<T>(name: string, question: DatabaseQuestion<T>, along: readonly IndexText[] = []): Promise<T> {
    return this.#quickly(name, question, () => this.#askInTurnApart(name, question, along));
  }

  async #askInTurnApart<T>(name: string, question: DatabaseQuestion<T>, along: readonly IndexText[]): Promise<T> {
    const { settled, findings } = await this.#askLimited(name, question, along, () => this.#waiting === 1);
    if (settled.status === 'fulfilled') return settled.value;
    if (saysUnsupported(settled.reason)) throw settled.reason; // it was not asked
    this.#options.log.warn(
      { question: name, state: sqlState(settled.reason) },
      'a question to the database failed, and only its own field with it',
    );
    const told = isTimedOut(settled.reason)
      ? timedOut(findings ?? NOTHING_FOUND, name, along)
      : await this.#failures.explained(settled.reason);
    this.#failures.conclude(told);
    throw told;
  }

  /**
   * Puts a question and returns its failure, with the lock that keeps it waiting, if there is one.
   * It has half of the time that is left, whether others wait or not.
   */
  askWithin<T>(name: string, question: DatabaseQuestion<T>): Promise<Within<T>> {
    const quickly = async (tx: Transaction, moment: Moment): Promise<Within<T>> => ({
      settled: { status: 'fulfilled', value: await question(tx, moment) },
    });
    return this.#quickly(name, quickly, () => this.#askInTurnWithin(name, question));
  }

  async #askInTurnWithin<T>(name: string, question: DatabaseQuestion<T>): Promise<Within<T>> {
    const { settled, findings } = await this.#askLimited(name, question, [], () => false);
    if (!findings || findings.waitsFor.length === 0) return { settled };
    return { settled, locked: { waitsFor: findings.waitsFor, error: timedOut(findings, name) } };
  }

  /**
   * Asks within half of the time that is left, unless the question has all of it. Findings on a slow question are made
   * while it still waits.
   */
  async #askLimited<T>(
    name: string,
    question: DatabaseQuestion<T>,
    along: readonly IndexText[],
    hasAllTime: () => boolean,
  ): Promise<{ settled: PromiseSettledResult<T>; findings?: Findings | undefined }> {
    let inquiry: ReturnType<Inquire> | undefined;
    const ask = async (tx: Transaction, moment: Moment): Promise<PromiseSettledResult<T>> => {
      if (hasAllTime()) return { status: 'fulfilled', value: await question(tx, moment) };
      const limitMs = this.#halfOfTheTimeMs();
      const neverMind = whenOver(limitMs - inquiryMs(limitMs), undefined, () => {
        inquiry = this.#options.inquire();
      });
      return limited(tx, limitMs, () => question(tx, moment)).finally(neverMind);
    };
    const settled = await this.#askInTurn(name, ask, along, outcomeOfSettled);
    if (settled.status === 'fulfilled' || !isTimedOut(settled.reason)) return { settled };
    return { settled, findings: await inquiry };
  }

  /**
   * Moment of the reading. Waits for no other question once it has begun.
   * @throws as `ask`
   */
  async moment(): Promise<Moment> {
    return this.#moment ?? this.#batch?.moment ?? this.#take(async (_tx, moment) => moment);
  }

  /** Asks with the others of this turn; in its own turn if that fails, for whatever reason. */
  async #quickly<T>(name: string, question: DatabaseQuestion<T>, inTurn: () => Promise<T>): Promise<T> {
    const batch = this.#batch;
    if (!batch?.isOpen || this.#closing.aborted) return inTurn();
    this.#deadline ??= this.#startDeadline();
    const { clock, metrics } = this.#options;
    const begunMs = clock.monotonicMs();
    this.#waiting += 1;
    try {
      const answer = await Promise.race([batch.ask(name, question), this.#deadline.passed]);
      metrics.questionAnswered(name, 'ok', this.#secondsSince(begunMs));
      return answer;
    } catch (error) {
      if (this.#batch === batch) this.#failures.noteAskedAgain(batch, error); // the first; the others fail with it
      this.#batch = undefined;
    } finally {
      this.#waiting -= 1;
    }
    return inTurn();
  }

  /** Forgets the platform, after a question named something that it was said to have. */
  forgetPlatform(): void {
    this.#options.platforms.forget();
  }

  async #take<T>(question: DatabaseQuestion<T>): Promise<T> {
    this.#waiting += 1;
    try {
      this.#assertOpen();
      this.#deadline ??= this.#startDeadline();
      const turn = this.#lastTurn.then(async () => {
        const { tx, moment } = await this.#open();
        this.#assertOpen();
        return question(tx, moment);
      });
      this.#lastTurn = turn.catch((error: unknown) => this.#failures.note(error)); // the next question is not to blame
      return await Promise.race([turn, this.#deadline.passed]);
    } catch (error) {
      if (this.#deadline?.signal.aborted) this.#failures.noteLate();
      const told = await this.#failures.told(error);
      this.#failures.conclude(told);
      throw told;
    } finally {
      this.#waiting -= 1;
    }
  }

  #startDeadline(): Deadline {
    const { timeoutMs, clock } = this.#options;
    return startDeadline(timeoutMs, clock, inquiryMs(timeoutMs), () => {
      if (this.#waiting > 0) void this.#failures.inquire();
    });
  }

  /** Half of the milliseconds that are left, at least 1, for a question that must leave time to others. */
  #halfOfTheTimeMs(): number {
    return Math.max(1, Math.floor(this.#leftMs() / 2));
  }

  #leftMs(): number {
    const { clock, timeoutMs } = this.#options;
    return this.#deadline ? this.#deadline.atMs - clock.monotonicMs() : timeoutMs;
  }

  /**
   * Ends the transaction after the running statement, and resolves when it has ended. A second call changes nothing;
   * later questions are refused.
   */
  async close(): Promise<void> {
    if (this.#deadline && !this.#closing.aborted) {
      const { metrics } = this.#options;
      metrics.readingEnded(this.#failures.outcome, this.#secondsSince(this.#deadline.begunMs));
      if (this.#batch) metrics.quickReadingEnded('answered');
    }
    this.#deadline?.clear();
    this.#closing.abort();
    await this.#ended;
  }

  #assertOpen(): void {
    if (this.#closing.aborted) throw databaseUnavailable();
    if (this.#deadline?.signal.aborted) throw new TimeIsUp();
  }

  #open(): Promise<Opened> {
    this.#assertOpen();
    this.#opened ??= new Promise((resolve, reject) => {
      const { platforms, prisma, timeoutMs } = this.#options;
      const hold = async (tx: Transaction) => {
        const limitMs = Math.max(1, Math.ceil(this.#leftMs())); // it may have waited for its connection
        this.#moment = await this.#measured('begin', async () => {
          const begun = await begin(tx, limitMs);
          this.#options.quickWay.learn(begun);
          const platform = await platforms.find(tx, limitMs);
          const heartbeatsReadable = !begun.isInRecovery && isReadable(platform.tables, 'chat_heartbeats');
          return {
            heartbeatsReadable,
            platform,
            indexes: (table: TableName) => platforms.indexes(tx, platform, table),
          };
        });
        this.#failures.platform = this.#moment.platform;
        resolve({ tx, moment: this.#moment });
        await aborted(this.#closing);
        await this.#lastTurn;
      };
      // Prisma's own limit is the last resort: it ends the transaction of a reading that nobody closed.
      const limits = { isolationLevel: 'RepeatableRead', maxWait: timeoutMs, timeout: 2 * timeoutMs } as const;
      this.#ended = prisma.$transaction(hold, limits).catch(reject);
    });
    return this.#opened;
  }

  /**
   * Runs a question under metrics and a span. Both hold nothing of it but its name.
   * @param outcomeIn reads the outcome in an answer that may hold a failure
   */
  async #measured<T>(
    name: string,
    question: () => Promise<T>,
    outcomeIn: (answer: T) => ReadingOutcome = () => 'ok',
  ): Promise<T> {
    const { clock, metrics } = this.#options;
    const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': name };
    this.#failures.asked = name;
    const begunMs = clock.monotonicMs();
    let outcome: ReadingOutcome = 'ok';
    try {
      return await inSpan(name, { kind: SpanKind.CLIENT, attributes }, async (span) => {
        const answer = await question();
        outcome = outcomeIn(answer);
        if (outcome !== 'ok') spanFailed(span);
        return answer;
      });
    } catch (error) {
      outcome = outcomeOf(unavailableOr(error));
      throw error;
    } finally {
      metrics.questionAnswered(name, outcome, this.#secondsSince(begunMs));
    }
  }

  #secondsSince(begunMs: number): number {
    return (this.#options.clock.monotonicMs() - begunMs) / 1000;
  }
}

const outcomeOfSettled = (settled: PromiseSettledResult<unknown>): ReadingOutcome =>
  settled.status === 'fulfilled' ? 'ok' : outcomeOf(unavailableOr(settled.reason));
