/** The file in DATA_DIR by which commands find a running system. Only its user may read it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { writePrivateFile } from './privateFile.ts';

const systemFile = z.object({
  databaseUrl: z.string(),
  /** URL without a path. */
  gatewayUrl: z.string(),
  authSecret: z.string(),
  internalSecret: z.string(),
  /** Token that may read every chat. */
  token: z.string(),
  /** Owner of chats that are created without one: `sub` of the token. */
  ownerId: z.string(),
});

/** Facts that another command needs to work with a running system. */
export type SystemFile = Readonly<z.output<typeof systemFile>>;

const pathIn = (dataDir: string) => join(dataDir, 'system.json');

/**
 * Reads the file; undefined when no system runs on that DATA_DIR. A killed system leaves its file behind.
 * @throws if the file may not be read, or is not such a file
 */
export function readSystemFile(dataDir: string): SystemFile | undefined {
  try {
    return systemFile.parse(JSON.parse(readFileSync(pathIn(dataDir), 'utf8')));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

export function writeSystemFile(dataDir: string, system: SystemFile): void {
  writePrivateFile(pathIn(dataDir), system);
}

/** @returns true if there was one */
export function removeSystemFile(dataDir: string): boolean {
  const wasThere = existsSync(pathIn(dataDir));
  rmSync(pathIn(dataDir), { force: true });
  return wasThere;
}
