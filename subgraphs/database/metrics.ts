/** Metrics of the database subgraph on its readings and their questions. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { DURATION_BUCKETS } from '../../server/metrics.ts';

/**
 * Outcome.
 *
 * - `unavailable`: the database did not answer, or not in time.
 * - `unsupported`: it lacks what the question reads, or keeps it from this service.
 * - `failed`: a defect, which the log names.
 */
export type ReadingOutcome = 'ok' | 'unavailable' | 'unsupported' | 'failed';

export interface ReadingMetrics {
  /** Counts a question. `seconds` begin with its turn, and leave out the wait for questions before it. */
  questionAnswered(question: string, outcome: ReadingOutcome, seconds: number): void;
  /** Counts a reading. `seconds` run from its first question to the answer of the operation. */
  readingEnded(outcome: ReadingOutcome, seconds: number): void;
  /** Counts a reading that was to be one statement. `asked_again`: it became a transaction. */
  quickReadingEnded(result: 'answered' | 'asked_again'): void;
}

/** Makes the metrics and adds them to `registry`. */
export function makeReadingMetrics(registry: Registry): ReadingMetrics {
  const registers = [registry];
  const readings = new Histogram({
    name: 'chat_debug_reading_duration_seconds',
    help: 'Readings of the database (one statement or one transaction for each operation) by outcome: ok, unavailable, unsupported or failed; probes included',
    labelNames: ['outcome'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const questions = new Histogram({
    name: 'chat_debug_question_duration_seconds',
    help: 'Questions to the database, as a rule one statement each, by name',
    labelNames: ['question'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const failures = new Counter({
    name: 'chat_debug_question_failures_total',
    help: 'Questions that got no answer, by name and outcome: unavailable, unsupported or failed',
    labelNames: ['question', 'outcome'],
    registers,
  });
  const quick = new Counter({
    name: 'chat_debug_quick_readings_total',
    help: 'Readings that were to be one statement by result: answered, or asked_again in a transaction',
    labelNames: ['result'],
    registers,
  });
  return {
    questionAnswered: (question, outcome, seconds) => {
      questions.observe({ question }, seconds);
      if (outcome !== 'ok') failures.inc({ question, outcome });
    },
    readingEnded: (outcome, seconds) => readings.observe({ outcome }, seconds),
    quickReadingEnded: (result) => quick.inc({ result }),
  };
}
