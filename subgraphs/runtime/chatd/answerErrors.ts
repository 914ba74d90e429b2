/** Failures of a model's server that show while its answer is read. */

/** Error for an answer that ended before the model had said so. */
export class StreamCutOff extends Error {
  override name = 'StreamCutOff';
}

/** Error for a successful answer that is no model's stream. Its message says what it was. */
export class NotAStream extends Error {
  override name = 'NotAStream';
  /** HTTP status; left out: it says nothing about the fault. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export const NO_STREAM = 'The server answered JSON in place of a stream';

/** Error for a successful answer with JSON that may tell of an error. */
export class ErrorAnswer extends Error {
  override name = 'ErrorAnswer';
  readonly body: unknown;

  constructor(body: unknown) {
    super(NO_STREAM);
    this.body = body;
  }
}

/** Error for an answer longer than a step may be. A model that repeats itself fills no replica's memory. */
export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}
