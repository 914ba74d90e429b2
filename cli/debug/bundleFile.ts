/** Files of bundles. */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Bundle } from '../../domain/bundle/format.ts';
import { MOST_BYTES, NoBundle, readBundle } from '../../domain/bundle/read.ts';
import { printableJson } from '../printable.ts';
import { NoAnswer } from './ask.ts';

/** @throws NoAnswer that says what is wrong with the file */
export function bundleIn(path: string): Bundle {
  try {
    return readBundle(textIn(path));
  } catch (error) {
    throw new NoAnswer(`The file ${path} ${error instanceof NoBundle ? error.message : reasonOf(error)}`, false);
  }
}

/**
 * Writes a bundle as JSON that nothing in it acts on a terminal by. Only its user may read the file. One that was there
 * stays as it was until the new one is whole.
 * @throws NoAnswer that says why it cannot be written
 */
export function writeBundle(path: string, bundle: Bundle): void {
  try {
    writeWhole(path, bundleText(bundle));
  } catch (error) {
    throw new NoAnswer(`The file ${path} ${reasonOf(error)}`, false);
  }
}

function writeWhole(path: string, text: string): void {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before && !before.isFile()) return void writeFileSync(path, text); // a pipe or a device keeps nothing
  const file = before ? realpathSync(path) : path;
  const unfinished = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

export const bundleText = (bundle: Bundle): string => `${printableJson(JSON.stringify(bundle, undefined, 2))}\n`;

/** Reads no more than a bundle may have, whatever the path names: a pipe has no size to look at. */
function textIn(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    if (length > MOST_BYTES) throw new NoBundle(`is too large for a bundle, which has at most ${MOST_BYTES} bytes.`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist, or its folder does not.',
  ENOTDIR: 'does not exist: part of its path is no folder.',
  EACCES: 'may not be opened by this user.',
  EISDIR: 'is a folder.',
  ENOSPC: 'does not fit: the disk is full.',
  EFBIG: 'does not fit: the system allows no file of this size.',
  EROFS: 'cannot be written: the disk takes no writes.',
};

function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
  return REASONS[code] ?? `cannot be opened (${code}).`;
}
