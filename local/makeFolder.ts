import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing; does nothing if it is there. One level at a time: the `recursive` of
 * Node 20 never returns where the system says that the folder above is missing although it is there, as in `/proc`.
 * @param mode of each folder that is made; undefined: what the system gives
 * @throws what the system says about the first one that cannot be made
 */
export function makeFolder(path: string, mode?: number): void {
  const folder = resolve(path);
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (!isFolder(folder)) throw error; // else somebody else has made it meanwhile
  }
}

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
