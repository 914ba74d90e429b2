/** Ways in which a replica, or the way to it, fails here. */

/**
 * `process`: done to the replica's process. `connection`: done to every connection to it. `answer`: done to each of its
 * answers. `instead`: somebody else's answer in place of its own.
 */
type FaultKind = 'process' | 'connection' | 'answer' | 'instead';

/** Faults by name, in the order of the table. */
export const FAULTS = {
  /** SIGKILL; what is in front of it still takes connections, and breaks them. */
  killed: 'process',
  /** SIGSTOP: the system takes connections for it, and it never reads. */
  stopped: 'process',
  /** Nothing listens. */
  refused: 'connection',
  /** Each connection is reset as soon as it is made. */
  reset: 'connection',
  /** Bytes are taken and go nowhere; on connections that were open before, too. */
  'black hole': 'connection',
  /** Refused and well by turns, each for a time drawn between 50 and 400 ms. */
  flapping: 'connection',
  /** Half of the body, then a reset. */
  'reset in mid-answer': 'answer',
  /** The headers, then nothing. */
  stall: 'answer',
  /** Three times the gateway's time limit late. */
  latency: 'answer',
  /** A byte every 20 ms. */
  drip: 'answer',
  /** Half of the body, then the end, in spite of the `Content-Length`. */
  'cut body': 'answer',
  /** Half of the body in one chunk, then the end, without the last chunk. */
  'cut chunks': 'answer',
  'HTTP 500': 'instead',
  'HTTP 503': 'instead',
  'HTTP 429': 'instead',
  'broken JSON': 'instead',
  'HTML with 200': 'instead',
  'empty 200': 'instead',
} as const satisfies Readonly<Record<string, FaultKind>>;

export type Fault = keyof typeof FAULTS;
export const ALL_FAULTS = Object.keys(FAULTS) as Fault[];

/** Answers in place of the replica's: status, media type, body. */
export const INSTEAD: Readonly<Partial<Record<Fault, readonly [number, string, string]>>> = {
  'HTTP 500': [500, 'text/plain', 'Internal Server Error'],
  'HTTP 503': [503, 'application/json', '{"errors":[{"message":"upstream connect error 127.0.0.1"}]}'],
  'HTTP 429': [429, 'application/json', '{"message":"Too Many Requests"}'],
  'broken JSON': [200, 'application/json', '{"data":{"_entities":[{"chatId":'],
  'HTML with 200': [200, 'text/html', '<!doctype html><title>Sign in</title><p>at 127.0.0.1'],
  'empty 200': [200, 'application/json', ''],
};
