/** The folder DATA_DIR: one running system at a time, and the secrets that outlive it. */
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { StartError } from '../server/startError.ts';
import { type DirectoryLock, lockDirectory } from './lock/directoryLock.ts';
import { makeFolder } from './makeFolder.ts';
import { writePrivateFile } from './privateFile.ts';

const secrets = z.object({
  authSecret: z.string().min(32),
  internalSecret: z.string().min(32),
  postgresPassword: z.string().min(1),
  /** User of this system: `sub` of the token that it prints. */
  ownerId: z.uuid(),
});
type Secrets = Readonly<z.output<typeof secrets>>;

export interface DataDirectory extends DirectoryLock {
  /** Absolute path without symbolic links. */
  readonly path: string;
  readonly secrets: Secrets;
}

/**
 * Makes the folder and its secrets where they are missing, and takes its lock.
 * @param holder one line on the new holder, for a person who starts a second system
 * @throws StartError if somebody else holds the lock, or if the folder cannot be used
 */
export async function openDataDirectory(dataDir: string, holder: string): Promise<DataDirectory> {
  try {
    // Postgres may run as another user, who may enter. Each file in it is closed to others.
    makeFolder(dataDir, 0o711);
    const path = realpathSync(dataDir);
    const lock = await lockDirectory(path, holder);
    try {
      return { path, secrets: readOrMakeSecrets(join(path, 'secrets.json')), release: () => lock.release() };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`DATA_DIR ${dataDir} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

function readOrMakeSecrets(file: string): Secrets {
  try {
    const kept = secrets.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (!kept.success) throw new StartError(`${file} does not hold what it should. ${LOST}`);
    chmodSync(file, 0o600);
    return kept.data;
  } catch (error) {
    if (error instanceof SyntaxError) throw new StartError(`${file} is not JSON. ${LOST}`);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = {
    authSecret: randomSecret(),
    internalSecret: randomSecret(),
    postgresPassword: randomSecret(),
    ownerId: randomUUID(),
  };
  writePrivateFile(file, made);
  return made;
}

const randomSecret = () => randomBytes(32).toString('base64url');
const LOST = 'Bring it back from a copy; without it the database in that folder cannot be opened, so remove both.';
