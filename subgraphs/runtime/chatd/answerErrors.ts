/** Failures of a model's server that are found here, while its answer is read. */

/** The answer ended, and the model had not said that it was over. */
export class StreamCutOff extends Error {
  override name = 'StreamCutOff';
}

/** The server answered with success, but with no stream of a model. The message says what it was instead. */
export class NotAStream extends Error {
  override name = 'NotAStream';
  /** Left out: it says nothing about what was wrong. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export const NO_STREAM = 'The server answered JSON in place of a stream';

/** The server answered with success, and with JSON that may tell of an error. */
export class ErrorAnswer extends Error {
  override name = 'ErrorAnswer';
  readonly body: unknown;

  constructor(body: unknown) {
    super(NO_STREAM);
    this.body = body;
  }
}

/** The answer is longer than a step may be: a model that repeats itself without end fills no replica's memory. */
export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}
