/**
 * The quick way to read: what an operation asks at once becomes one statement, which sees one moment by itself and needs no
 * transaction. It is all or nothing. Whatever keeps it from being answered, its questions are asked again the careful way,
 * in a transaction of several statements, and that way says what is wrong.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.ts';
import { Prisma, type PrismaClient } from '../../prisma/generated/client.ts';
import { inSpan, SpanKind } from '../../server/tracing.ts';
import { Batch, NotQuick, type Row } from './batch.ts';
import { PREPARED } from './client.ts';
import type { PlatformMemory } from './platformMemory.ts';

/** How long questions that were not answered together are asked the careful way. */
const CAREFUL_FOR_MS = 10_000;
const MOST_REMEMBERED = 100;

export interface QuickWayOptions {
  readonly prisma: Pick<PrismaClient, '$queryRaw'>;
  readonly platforms: Pick<PlatformMemory, 'known'>;
  /** The `statement_timeout` that connections begin with, in milliseconds. */
  readonly limitMs: number;
  readonly clock: Clock;
}

/** What a process has learnt of its database, and whether it can be read the quick way. */
export class QuickWay {
  readonly #options: QuickWayOptions;
  /** Sets of questions that were not answered lately. */
  readonly #careful: LRUCache<string, true>;
  /** Undefined: the careful way was not gone yet. */
  #isInRecovery: boolean | undefined;
  /** Connections have not the time limit that they were asked to begin with, as behind a pooler. */
  #isWithoutLimit = false;

  constructor(options: QuickWayOptions) {
    this.#options = options;
    const perf = { now: () => options.clock.monotonicMs() };
    this.#careful = new LRUCache({ max: MOST_REMEMBERED, ttl: CAREFUL_FOR_MS, perf });
  }

  /** Notes what the careful way has found. */
  learn(isInRecovery: boolean): void {
    this.#isInRecovery = isInRecovery;
  }

  /** For one operation. Undefined: the careful way is the only one, for want of knowledge, of tables or of a time limit. */
  begin(): Batch | undefined {
    const platform = this.#options.platforms.known;
    if (platform?.name !== 'own' || platform.tables.lacks.length > 0) return undefined;
    if (this.#isInRecovery === undefined || this.#isWithoutLimit) return undefined;
    const moment = { heartbeatsReadable: !this.#isInRecovery, platform, indexes: async () => undefined };
    return new Batch(moment, (names, statements) => this.#send(names.toSorted().join(), statements));
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
    this.learn(row.isInRecovery);
    throw new NotQuick('The server was a standby and is none, or the other way round.');
  }
}

/** By the number of its statement, the rows of each. */
interface Answer {
  readonly isInRecovery: boolean;
  readonly isLimited: boolean;
  readonly [statement: number]: readonly Row[];
}
