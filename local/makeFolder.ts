import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and its missing parents; does nothing if it is there.
 * It goes one level at a time: `recursive` of Node 20 never returns where a parent exists and is reported missing, as
 * in `/proc`.
 * @param mode of each folder that is made; undefined: the system's default
 * @throws the system's error for the first folder that cannot be made
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
