/**
 * One running system per folder. The lock is a listening Unix socket: it ends with its process, however that ends, so there
 * is no stale lock and no number of a process to be trusted. (`proper-lockfile` believes in a lock for as long as its file is
 * young: after a SIGKILL the next start waited 10 s.)
 *
 * The danger is in removing the socket of one that was killed: two starts find the same dead name, and the slower one would
 * remove what the faster one has just put there. So a name is never used twice. Each contender listens under a new random
 * name, appears in the folder once it listens, and only then looks who else is there:
 *
 * - a name that nobody listens on is removed;
 * - one that holds the lock says so, and who it is: this one has lost;
 * - one that is still trying: the contender with the greater name withdraws, the other one waits until it is decided.
 *
 * Of two contenders at least one sees the other, since both appear before they look; and waiting goes only from smaller to
 * greater names, so it ends. Hence exactly one wins.
 */
import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { deadlineSignal } from '../../common/clock.ts';
import { StartError } from '../../server/startError.ts';
import { makeFolder } from '../makeFolder.ts';
import { isPublished, LONGEST_NAME, LockContender } from './lockContender.ts';

/** Bytes of a socket's path that every system takes. */
const PATH_LIMIT = 103;
/** Milliseconds for an answer. Whoever listens and does not answer holds the lock, and is frozen. */
const ANSWER_LIMIT_MS = 5_000;

export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * @param holder who takes the lock, in one line, for the person who starts a second one
 * @throws StartError if somebody else holds it, or if the folder's path is too long for a socket
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

/** From the working directory the path may be shorter. */
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

/** Resolves once the one who listens there has won or is gone; `onTrying` runs first if that is yet to be decided. */
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
