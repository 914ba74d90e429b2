/**
 * The limits on open streams: of one caller, of the gateway, and on how often all streams of one caller look together.
 * Callers are told apart by `sub`.
 */
import { Refusal } from '../graphql/answer.ts';

export interface AdmissionLimits {
  /** Open streams of one caller. */
  readonly perCaller: number;
  /** Open streams in all. */
  readonly max: number;
  /** Looks of all streams of one caller in a minute, as many as the requests that it may send; 0: no limit. */
  readonly perMinute: number;
}

/** Seconds after which a stream that was refused is tried again. */
const RETRY_SECONDS = 5;
const MINUTE_MS = 60_000;

interface Share {
  streams: number;
  perMinute: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #shares = new Map<string, Share>();
  #streams = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /**
   * Takes a place for a stream. Refusals: 429 TOO_MANY_STREAMS or RATE_LIMITED, 503 TOO_MANY_STREAMS.
   * @returns gives the place back, once
   */
  enter(sub: string, everyMs: number): Refusal | (() => void) {
    const { perCaller, max, perMinute } = this.#limits;
    const looks = MINUTE_MS / everyMs;
    const share = this.#shares.get(sub) ?? { streams: 0, perMinute: 0 };
    if (share.streams >= perCaller) return tooMany(perCaller);
    if (perMinute > 0 && share.perMinute + looks > perMinute) return tooOften(perMinute);
    if (this.#streams >= max) return full();
    share.streams += 1;
    share.perMinute += looks;
    this.#streams += 1;
    this.#shares.set(sub, share);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      share.streams -= 1;
      share.perMinute -= looks;
      this.#streams -= 1;
      if (share.streams === 0) this.#shares.delete(sub);
    };
  }
}

const RETRY = { headers: { 'retry-after': String(RETRY_SECONDS) } };

const tooMany = (most: number) =>
  new Refusal(
    429,
    'TOO_MANY_STREAMS',
    `One caller may have ${most} streams open (STREAMS_PER_CALLER). Close one, or watch several chats in one.`,
    RETRY,
  );

const tooOften = (perMinute: number) =>
  new Refusal(
    429,
    'RATE_LIMITED',
    `All live views of one caller may look ${perMinute} times a minute (RATE_LIMIT_PER_MINUTE). Make \`everyMs\` larger, or close a stream.`,
    RETRY,
  );

const full = () =>
  new Refusal(
    503,
    'TOO_MANY_STREAMS',
    `This gateway has as many streams open as it may (STREAMS_MAX). Try again in ${RETRY_SECONDS} s, or ask again and again without a stream.`,
    RETRY,
  );
