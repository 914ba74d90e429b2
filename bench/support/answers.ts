/** Results of a bench, for the table of all benches. */

export interface BenchAnswer {
  readonly question: string;
  /** Empty: the figure is there to be seen. */
  readonly goal: string;
  readonly figure: string;
  /** The same figure of others, in the same run. */
  readonly peers?: string;
  /** Undefined: there is no goal. */
  readonly isMet?: boolean;
}

/** Message of a bench's process to the one that started it. */
export interface AnswersMessage {
  readonly answers: readonly BenchAnswer[];
}

/** Tells whoever started this process, if somebody listens; a person has read the tables. */
export function tell(answers: readonly BenchAnswer[]): void {
  process.send?.({ answers } satisfies AnswersMessage);
}
