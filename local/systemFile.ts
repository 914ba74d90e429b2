/** Where a running system is found by the commands beside it: one file in its DATA_DIR, readable by its user only. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writePrivateFile } from './privateFile.ts';

const systemFile = z.object({
  databaseUrl: z.string(),
  /** Without a path. */
  gatewayUrl: z.string(),
  authSecret: z.string(),
  internalSecret: z.string(),
  /** May read every chat. */
  token: z.string(),
  /** The `sub` of the token: whom chats belong to that are created without an owner. */
  ownerId: z.string(),
});

/** What another command needs to work with a running system. */
export type SystemFile = Readonly<z.output<typeof systemFile>>;

const pathIn = (dataDir: string) => join(dataDir, 'system.json');

/**
 * Undefined when no system runs on that DATA_DIR. After a system that was killed, what it wrote is still there.
 * @throws if the file may not be read, or is no such file
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

/** @returns whether there was one */
export function removeSystemFile(dataDir: string): boolean {
  const wasThere = existsSync(pathIn(dataDir));
  rmSync(pathIn(dataDir), { force: true });
  return wasThere;
}
