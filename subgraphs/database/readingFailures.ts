/**
 * Failures of one reading: what the client is told of them, what the log holds, and the outcome of the whole.
 * The first failure is the reason. All that follows it fails for its sake.
 */
import { isNativeError } from 'node:util/types';
import { GraphQLError } from 'graphql';
import { loggedReason } from '../../server/databaseWords.ts';
import type { Logger } from '../../server/log.ts';
import { type Batch, NotQuick } from './batch.ts';
import type { IndexText } from './indexText.ts';
import type { Findings, Inquire } from './inquiry.ts';
import type { ReadingMetrics, ReadingOutcome } from './metrics.ts';
import type { PlatformMemory } from './platformMemory.ts';
import { TimeIsUp } from './readingDeadline.ts';
import { type Lack, nameOf } from './tables/lacks.ts';
import { unsupported } from './tables/sources.ts';
import type { Moment } from './transaction.ts';
import {
  databaseUnavailable,
  failedView,
  isAfterFailure,
  isTimedOut,
  isUnsupported,
  mayNotConnect,
  saysUnavailable,
  saysUnsupported,
  sqlState,
  tablesChanged,
  timedOut,
  unavailableOr,
} from './unavailable.ts';

/** What the failures of a reading are explained and noted with. */
export interface FailureOptions {
  /**
   * Milliseconds for the whole reading, from the first question on. Each statement's `statement_timeout` is what is
   * left when it begins.
   */
  readonly timeoutMs: number;
  readonly log: Logger;
  readonly metrics: Pick<ReadingMetrics, 'quickReadingEnded'>;
  /** Asks why the database does not answer. */
  readonly inquire: Inquire;
  readonly platforms: Pick<PlatformMemory, 'forget'>;
}

const textOf = (lack: Lack) => `${nameOf(lack)} ${lack.why}`;

const tooSlow = (findings: Findings | undefined, question: string, along: readonly IndexText[]): GraphQLError =>
  findings ? timedOut(findings, question, along) : databaseUnavailable();

/** Failures of one reading. The reading says what it asks, and of which platform. */
export class ReadingFailures {
  readonly #options: FailureOptions;
  /** Name of the question that was asked last. */
  asked = 'connect';
  /** Indexes that the question wants most. */
  along: readonly IndexText[] = [];
  /** Platform of the reading's moment; undefined: it has none yet. */
  platform: Moment['platform'] | undefined;
  /** Outcome of the reading so far. */
  outcome: ReadingOutcome = 'ok';
  #failed = false;
  #isLate = false;
  #inquiry: Promise<Findings | undefined> | undefined;
  #firstTold: Promise<unknown> | undefined;

  constructor(options: FailureOptions) {
    this.#options = options;
  }

  /** Notes the outcome. What follows a failure fails for its sake; what was not asked has failed nothing. */
  conclude(told: unknown): void {
    if (this.outcome === 'ok' || this.outcome === 'unsupported') this.outcome = outcomeOf(told);
  }

  /** Error for the client. Questions after a failure fail for the same reason. */
  async told(error: unknown): Promise<unknown> {
    if (saysUnsupported(error)) return error; // it was not asked, and the others go on
    const isLater = error instanceof TimeIsUp || isAfterFailure(error);
    if (isLater && this.#firstTold) {
      const first = await this.#firstTold;
      return first instanceof GraphQLError ? first : databaseUnavailable();
    }
    const told = this.explained(error);
    this.#firstTold ??= told;
    return told;
  }

  /** Error for the client, with what an inquiry finds out about it. */
  async explained(error: unknown): Promise<unknown> {
    if (error instanceof TimeIsUp || isTimedOut(error)) {
      const [question, along] = [this.asked, this.along];
      return tooSlow(await this.inquire(), question, along);
    }
    if (!isUnsupported(error)) return this.#ofView(error) ?? unavailableOr(error);
    if (this.asked === 'connect') return mayNotConnect();
    this.#options.platforms.forget();
    return this.#ofChange(await this.inquire()) ?? unavailableOr(error);
  }

  /** Error for a view of somebody else's making that fails; the tables of the other platforms hold what they are read for. */
  #ofView(error: unknown): GraphQLError | undefined {
    return this.platform?.name === 'views' ? failedView(error) : undefined;
  }

  /**
   * Error for a change since the tables were looked at; undefined: nothing changed, and the question itself is refused.
   */
  #ofChange(findings: Findings | undefined): GraphQLError | undefined {
    if (!findings?.platform) return undefined;
    const before = this.platform;
    const known = new Set(before?.tables.lacks.map(textOf));
    const lacks = findings.lacks.filter((lack) => !known.has(textOf(lack)));
    if (lacks.length > 0) return unsupported(lacks);
    const { name, chats } = findings.platform;
    const isSame = before?.name === name && before.chats === chats && known.size === findings.lacks.length;
    return isSame ? undefined : tablesChanged();
  }

  /** Asks, once in a reading, why the database does not answer. */
  inquire(): Promise<Findings | undefined> {
    this.#inquiry ??= this.#options.inquire();
    return this.#inquiry;
  }

  /** Logs that time ran out. The server may answer later, or only when nobody listens. */
  noteLate(): void {
    if (this.#isLate) return;
    this.#isLate = true;
    const { log, timeoutMs } = this.#options;
    log.warn({ question: this.asked, timeoutMs }, 'the database took longer than a reading may');
  }

  /** Logs why questions are asked again. A lack of time is logged by itself, and what is not quick is no failure. */
  noteAskedAgain({ names }: Batch, error: unknown): void {
    this.#options.metrics.quickReadingEnded('asked_again');
    if (error instanceof NotQuick || error instanceof TimeIsUp) return;
    this.#options.log.warn(
      { questions: names, state: sqlState(error), reason: loggedReason(error) },
      'questions that were asked at once failed, and are asked again in a transaction',
    );
  }

  /**
   * Logs what the client is not told. The first failure is the reason; a failed transaction refuses all that follows.
   */
  note(error: unknown): void {
    if (this.#failed || saysUnavailable(error) || saysUnsupported(error) || !isNativeError(error)) return;
    this.#failed = true;
    this.#options.log.warn(
      { reason: loggedReason(error), state: sqlState(error) },
      'a question to the database failed',
    );
  }
}

/** Outcome of a question whose error is told to the client. */
export function outcomeOf(told: unknown): ReadingOutcome {
  if (saysUnsupported(told)) return 'unsupported';
  return saysUnavailable(told) ? 'unavailable' : 'failed';
}
