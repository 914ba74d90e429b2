/**
 * The structured logger of a process: JSON lines on standard error. Never hand it a token or a variable's value.
 * An error goes under `err`: under other names it is written as {}.
 *
 * Lines are held and written together, since writing one alone takes longer than making it. They are written
 *
 * - after a tenth of a second at the latest;
 * - with the first line that is a warning or worse;
 * - when the process ends by itself, by a signal that it handles, or by an uncaught error.
 *
 * Only a sudden end (SIGKILL, no memory left) can cost that tenth of a second.
 * Where they cannot be written (a full disk, a terminal that is gone) the process goes on. Lines wait, up to a limit,
 * until one can be written again; how many were lost is then told.
 * Writes are synchronous, so that none is on its way when the process ends.
 * They have at most `PIPE_BUF` bytes (POSIX, `write`), so that lines of processes on one pipe are not mixed.
 */
import { type Logger, pino } from 'pino';
import { systemClock } from '../common/clock.ts';
import { withoutDatabaseWords } from './databaseWords.ts';

export type { Logger } from 'pino';

const PIPE_BUF = 4_096;
/** Bytes at which lines are written. With one more line they mostly fit into PIPE_BUF. */
const WRITTEN_AT = 3_500;
const WRITTEN_AFTER_MS = 100;
/** Bytes of lines that wait for a file which takes none. */
const WAITING_AT_MOST = 1_048_576;
const WARN = 40;

/** Destination of all loggers of the process. */
let standardError: ReturnType<typeof heldLines> | undefined;

/** @param name the process: `gateway`, `database`, `replica` */
export function makeLogger(name: string, level: string): Logger {
  const file = { fd: 2, minLength: WRITTEN_AT, maxWrite: PIPE_BUF, maxLength: WAITING_AT_MOST, sync: true };
  const isFirst = standardError === undefined;
  standardError ??= heldLines(pino.destination(file));
  const log = pino({ name, level, serializers: { err: errorOf } }, standardError);
  if (isFirst) standardError.onLost((lines) => log.warn({ lines }, 'lines were lost, since they could not be written'));
  return log;
}

const MAX_MESSAGE_CHARACTERS = 500;
const MAX_STACK_CHARACTERS = 2_000;

const isErrorLike = (thrown: unknown): thrown is Error =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string';

/** Name and place of an error, within bounds. Its other members may hold what the database or a client gave. */
function errorOf(thrown: unknown) {
  if (typeof thrown !== 'object') return String(thrown).slice(0, MAX_MESSAGE_CHARACTERS);
  if (!isErrorLike(thrown)) return Object.prototype.toString.call(thrown);
  const { type, message, stack, code, aggregateErrors = [] } = pino.stdSerializers.err(thrown);
  const messages = [message, ...aggregateErrors.map((one: Error) => one.message)].filter((one) => one !== '');
  const without = withoutDatabaseWords(thrown);
  return {
    type,
    message: without(messages.join('; ')).slice(0, MAX_MESSAGE_CHARACTERS),
    stack: without(String(stack)).slice(0, MAX_STACK_CHARACTERS),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
  };
}

/** Destination of pino's. While it can write it never holds more than is written at once, so one `flush` empties it. */
type Held = Pick<ReturnType<typeof pino.destination>, 'write' | 'flush' | 'on'>;

function heldLines(file: Held) {
  let isHolding = false;
  const flush = () => {
    if (isHolding) file.flush();
    isHolding = false;
  };
  process.on('exit', flush);
  let lost = 0;
  file.on('error', () => {}); // without a listener it would end the process
  file.on('drop', () => {
    lost += 1;
  });
  return {
    /** Calls `tell` with the number of lines that were lost, once lines can be written again. */
    onLost(tell: (lines: number) => void) {
      file.on('write', (bytes) => {
        if (lost === 0 || bytes === 0) return;
        const lines = lost;
        lost = 0;
        process.nextTick(tell, lines);
      });
    },
    // Member that makes pino tell the level of each line.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string) {
      file.write(line);
      if (!isHolding) void systemClock.sleep(WRITTEN_AFTER_MS).then(flush);
      isHolding = true;
      if (this.lastLevel >= WARN) flush();
    },
  };
}
