/** What the database subgraph tells Prometheus of its readings and of the questions in them. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { DURATION_BUCKETS } from '../../server/metrics.ts';

/** `unavailable`: the client was told `DATABASE_UNAVAILABLE`. `failed`: a defect, which the log names. */
export type Outcome = 'ok' | 'unavailable' | 'failed';

export interface ReadingMetrics {
  /** `seconds`: from its turn on; what it waited for the questions before it is theirs. */
  questionAnswered(question: string, outcome: Outcome, seconds: number): void;
  /** `seconds`: from its first question to the answer of the operation. */
  readingEnded(outcome: Outcome, seconds: number): void;
}

/** Adds them to `registry`. */
export function makeReadingMetrics(registry: Registry): ReadingMetrics {
  const registers = [registry];
  const readings = new Histogram({
    name: 'chat_debug_reading_duration_seconds',
    help: 'Readings of the database (one statement or one transaction for each operation) by outcome: ok, unavailable or failed; probes included',
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
    help: 'Questions that got no answer, by name and outcome: unavailable or failed',
    labelNames: ['question', 'outcome'],
    registers,
  });
  return {
    questionAnswered: (question, outcome, seconds) => {
      questions.observe({ question }, seconds);
      if (outcome !== 'ok') failures.inc({ question, outcome });
    },
    readingEnded: (outcome, seconds) => readings.observe({ outcome }, seconds),
  };
}
