/**
 * The lock of a folder, for one running system. It is a listening Unix socket and ends with its process.
 * So there is never a stale lock, nor a process id to trust.
 * `proper-lockfile` believes in a lock while its file is young: after a SIGKILL the next start waited 10 s.
 *
 * The danger lies in removing the socket of a killed process. Two starts find the same dead name. The slower one would
 * remove what the faster one has just put there. So no name is used twice:
 *
 * 1. A contender listens under a new random name.
 * 2. It appears in the folder.
 * 3. It looks who else is there:
 *    - A name that nobody listens on is removed.
 *    - A holder of the lock says so, and who it is: this contender has lost.
 *    - Of two that are still trying, the greater name withdraws, and the other one waits for the decision.
 *
 * Both appear before they look, so at least one sees the other. Waiting goes only from smaller to greater names, so it
 * ends. Hence exactly one wins.
 */
import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { deadlineSignal } from '../../common/clock.ts';
import { StartError } from '../../server/startError.ts';
import { makeFolder } from '../makeFolder.ts';
import { isPublished, LONGEST_NAME, LockContender } from './lockContender.ts';

/** Bytes of a socket's path that every system accepts. */
const PATH_LIMIT = 103;
/** Milliseconds for an answer. A listener that does not answer holds the lock, and is frozen. */
const ANSWER_LIMIT_MS = 5_000;

export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * @param holder one line on the new holder, for a person who starts a second system
 * @throws StartError if somebody else holds the lock, or if the folder's path is too long for a socket
 */
export async function lockDirectory(folder: string, holder: string): Promise<DirectoryLock> {
  const sockets = socketFolder(join(folder, 'lock'));
  makeFolder(sockets, 0o700);
  for (;;) {
    const contender = await LockContender.appear(sockets);
    const outcome = await contest(contender, sockets);
    if (outcome.kind === 'won') {
      contender.hold(holder);
      return { release: () => contender.withdraw() };
    }
    await contender.withdraw();
    if (outcome.kind === 'lost') {
      throw new StartError(
        `DATA_DIR ${folder} is in use by ${outcome.holder}. Stop that one, or set DATA_DIR to another folder.`,
      );
    }
  }
}

/** Path of the folder, from the working directory if that is shorter. */
function socketFolder(absolute: string): string {
  const fromHere = relative(process.cwd(), absolute);
  const shorter = fromHere.length < absolute.length ? fromHere : absolute;
  const excess = Buffer.byteLength(join(shorter, LONGEST_NAME)) - PATH_LIMIT;
  if (excess <= 0) return shorter;
  throw new StartError(`DATA_DIR is ${excess} bytes too long for a socket in it: ${absolute}. Choose a shorter path.`);
}

type Outcome = { kind: 'won' } | { kind: 'lost'; holder: string } | { kind: 'again' };

async function contest(contender: LockContender, sockets: string): Promise<Outcome> {
  for (const other of readdirSync(sockets)) {
    if (other === contender.name || !isPublished(other)) continue;
    const answer = await ask(join(sockets, other), async () => {
      if (other < contender.name) await contender.withdraw();
    });
    if (answer.kind === 'held') return { kind: 'lost', holder: answer.holder };
    if (contender.withdrawn) return { kind: 'again' };
  }
  return { kind: 'won' };
}

type Answer = { kind: 'held'; holder: string } | { kind: 'gone' };

/** Resolves once the listener has won or is gone. `onTrying` runs first if the decision is open. */
async function ask(path: string, onTrying: () => Promise<void>): Promise<Answer> {
  const limit = deadlineSignal(ANSWER_LIMIT_MS);
  const socket = connect({ path, signal: limit.signal }).setEncoding('utf8');
  let heard = '';
  try {
    for await (const text of socket) {
      heard += text;
      const holder = /^held by (.*)\n/m.exec(heard)?.[1];
      if (holder !== undefined) return { kind: 'held', holder };
      if (heard === 'trying\n') await onTrying();
    }
    return { kind: 'gone' };
  } catch (error) {
    if (limit.signal.aborted) return { kind: 'held', holder: 'a process that does not answer' };
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ECONNREFUSED') rmSync(path, { force: true });
    if (['ECONNREFUSED', 'ECONNRESET', 'ENOENT'].includes(code)) return { kind: 'gone' };
    throw error;
  } finally {
    limit.clear();
    socket.destroy();
  }
}
