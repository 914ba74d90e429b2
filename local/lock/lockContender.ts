/** A contender for the lock of a folder: a socket that tells all askers how things stand. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** Ending of a socket's name until it listens, so that it is not taken for a dead one. */
const UNPUBLISHED = '.new';
const newName = () => randomBytes(4).toString('hex');

export const isPublished = (name: string): boolean => !name.endsWith(UNPUBLISHED);
export const LONGEST_NAME = `${newName()}${UNPUBLISHED}`;

type Life = { kind: 'trying' } | { kind: 'holding'; holder: string } | { kind: 'withdrawn'; closed: Promise<void> };

export class LockContender {
  readonly name: string;
  readonly #path: string;
  readonly #server: Server;
  readonly #asking = new Set<Socket>();
  #life: Life = { kind: 'trying' };

  private constructor(name: string, path: string, server: Server) {
    this.name = name;
    this.#path = path;
    this.#server = server;
    server.on('connection', (socket) => this.#answer(socket));
  }

  /** Listens in the folder, under a name that was never used. */
  static async appear(folder: string): Promise<LockContender> {
    for (;;) {
      const name = newName();
      const path = join(folder, name);
      const server = createServer();
      await once(server.listen(`${path}${UNPUBLISHED}`), 'listening');
      const contender = new LockContender(name, path, server);
      if (rename(`${path}${UNPUBLISHED}`, path)) return contender;
      await contender.withdraw(); // the one who won meanwhile has tidied up
    }
  }

  get withdrawn(): boolean {
    return this.#life.kind === 'withdrawn';
  }

  /** Tells every asker that the lock is decided, and removes what killed starts left unpublished. */
  hold(holder: string): void {
    this.#life = { kind: 'holding', holder };
    for (const socket of this.#asking) tell(socket, this.#life);
    const folder = join(this.#path, '..');
    const unfinished = readdirSync(folder).filter((name) => !isPublished(name));
    for (const name of unfinished) rmSync(join(folder, name), { force: true });
  }

  /** Takes the name out of the folder and stops listening. */
  withdraw(): Promise<void> {
    if (this.#life.kind !== 'withdrawn') {
      rmSync(this.#path, { force: true });
      const closed = once(this.#server.close(), 'close').then(() => {});
      for (const socket of this.#asking) socket.destroy();
      this.#life = { kind: 'withdrawn', closed };
    }
    return this.#life.closed;
  }

  #answer(socket: Socket): void {
    this.#asking.add(socket);
    socket.on('error', () => {}); // who asked is gone
    socket.on('close', () => this.#asking.delete(socket));
    tell(socket, this.#life);
  }
}

function tell(socket: Socket, life: Life): void {
  switch (life.kind) {
    case 'trying':
      socket.write('trying\n');
      return;
    case 'holding':
      socket.end(`held by ${life.holder}\n`);
      return;
    case 'withdrawn':
      socket.destroy();
      return;
    default:
      life satisfies never;
  }
}

/** Renames a file; false if it is not there. */
function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
