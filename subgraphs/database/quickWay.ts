/**
 * The quick way to read: all that an operation asks at once becomes one statement. It sees one moment and needs no
 * transaction.
 * The statement answers all of its questions or none. If it fails, they go the careful way, in a transaction of several
 * statements. That way says what is wrong.
 * A question that finds fault with its own answer goes the careful way alone.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.ts';
import { Prisma, type PrismaClient } from '../../prisma/generated/client.ts';
import { inSpan, SpanKind } from '../../server/tracing.ts';
import { Batch, NotQuick, type Row } from './batch.ts';
import { PREPARED } from './client.ts';
import type { PlatformMemory } from './platformMemory.ts';
import type { Begun } from './transaction.ts';

/** Milliseconds for which questions that failed together go the careful way. */
const CAREFUL_FOR_MS = 10_000;
const MOST_REMEMBERED = 100;

interface QuickWayOptions {
  readonly prisma: Pick<PrismaClient, '$queryRaw'>;
  readonly platforms: Pick<PlatformMemory, 'known'>;
  /** Milliseconds of the `statement_timeout` with which connections begin. */
  readonly limitMs: number;
  readonly clock: Clock;
}

/** A process's knowledge of its database, and whether that can be read the quick way. */
export class QuickWay {
  readonly #options: QuickWayOptions;
  /** Sets of questions that failed lately. */
  readonly #careful: LRUCache<string, true>;
  /** True for a standby; undefined: the careful way was not gone yet. */
  #isInRecovery: boolean | undefined;
  /** True if connections lack the time limit with which they were asked to begin, as behind a pooler. */
  #isWithoutLimit = false;

  constructor(options: QuickWayOptions) {
    this.#options = options;
    const perf = { now: () => options.clock.monotonicMs() };
    this.#careful = new LRUCache({ max: MOST_REMEMBERED, ttl: CAREFUL_FOR_MS, perf });
  }

  /** Notes findings of the careful way, which is gone again and again while this one is closed. */
  learn({ isInRecovery, connectionLimitSeconds }: Begun): void {
    this.#isInRecovery = isInRecovery;
    this.#isWithoutLimit = Math.round(1000 * connectionLimitSeconds) !== this.#options.limitMs;
  }

  /**
   * Begins a batch for one operation; undefined: only the careful way is open, for want of knowledge, of tables or of a
   * time limit. Events are not asked for where they cannot be read, so their table may be lacking.
   * @param ownerId owner of all chats that are read; undefined: all owners
   */
  begin(ownerId?: string): Batch | undefined {
    const platform = this.#options.platforms.known;
    if (platform?.name !== 'own' || platform.tables.lacks.some(({ table }) => table !== 'chat_events'))
      return undefined;
    if (this.#isInRecovery === undefined || this.#isWithoutLimit) return undefined;
    const moment = { heartbeatsReadable: !this.#isInRecovery, platform, indexes: async () => undefined };
    return new Batch(moment, (names, statements) => this.#send(names.toSorted().join(), statements), ownerId);
  }

  async #send(set: string, statements: readonly Prisma.Sql[]): Promise<readonly (readonly Row[])[]> {
    if (this.#careful.has(set)) throw new NotQuick('The same questions were not answered lately.');
    try {
      return await this.#ask(statements);
    } catch (error) {
      this.#careful.set(set, true);
      throw error;
    }
  }

  async #ask(statements: readonly Prisma.Sql[]): Promise<readonly (readonly Row[])[]> {
    const answers = statements.map((statement, i) => {
      const name = Prisma.raw(`"${i}"`);
      return Prisma.sql`(SELECT COALESCE(json_agg(q), '[]') FROM (${statement}) AS q) AS ${name}`;
    });
    const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': 'one statement' };
    const [row] = await inSpan(
      'one statement',
      { kind: SpanKind.CLIENT, attributes },
      () => this.#options.prisma.$queryRaw<Answer[]>`${PREPARED} SELECT pg_is_in_recovery() AS "isInRecovery",
        current_setting('statement_timeout')::interval = ${`${this.#options.limitMs} ms`}::interval AS "isLimited",
        ${Prisma.join(answers)}`,
    );
    if (!row) throw new TypeError('SELECT without FROM gave no row');
    this.#isWithoutLimit = !row.isLimited;
    if (row.isInRecovery === this.#isInRecovery) return statements.map((_, i) => row[i] ?? []);
    this.#isInRecovery = row.isInRecovery;
    throw new NotQuick('The server was a standby and is none, or the other way round.');
  }
}

/** Rows of each question, by the number of its statement. */
interface Answer {
  readonly isInRecovery: boolean;
  readonly isLimited: boolean;
  readonly [statement: number]: readonly Row[];
}
