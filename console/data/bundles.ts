/**
 * Bundles out of files and out of incidents, checked as the terminal checks them. A file is read here alone: nothing of
 * it is sent to anybody.
 */
import './noCompiling.ts';
import { signal } from '@preact/signals';
import { changesBetween } from '../../domain/bundle/changes.ts';
import type { Bundle } from '../../domain/bundle/format.ts';
import { judge } from '../../domain/bundle/judge.ts';
import { MOST_BYTES, NoBundle, readBundle } from '../../domain/bundle/read.ts';
import { traitsOf } from '../../domain/bundle/traits.ts';
import { legible } from './legible.ts';

export type { Bundle };
export { changesBetween, judge, traitsOf };

/** A bundle, or a sentence on why there is none. */
export type Taken =
  | { readonly name: string; readonly bundle: Bundle }
  | { readonly name: string; readonly why: string };

/** Files that were opened, until the page is closed, by their places. Undefined: many others were opened since. */
export const files = signal<readonly (Taken | undefined)[]>([]);

/** Most files that are kept at once. */
const MOST_FILES = 10;

/** Opens a file. @returns its place among `files` */
export async function openFile(file: File): Promise<number> {
  const taken = await takeFile(file);
  const place = files.value.length;
  files.value = [...files.value.map((one, i) => (i > place - MOST_FILES ? one : undefined)), taken];
  return place;
}

async function takeFile(file: File): Promise<Taken> {
  const name = legible(file.name.slice(0, 200));
  if (file.size > MOST_BYTES) {
    return {
      name,
      why: `has ${Math.ceil(file.size / 1e6)} MB. A bundle has at most ${MOST_BYTES / 1e6}, so it was not read.`,
    };
  }
  const text = await file.text().catch(() => undefined);
  return text === undefined ? { name, why: 'could not be read by this browser.' } : take(name, text);
}

/** Takes a bundle out of an incident. */
export const takeStored = (name: string, bundle: unknown): Taken =>
  bundle === null || bundle === undefined ? { name, why: 'could not be read.' } : take(name, JSON.stringify(bundle));

function take(name: string, text: string): Taken {
  try {
    return { name, bundle: legible(readBundle(text)) };
  } catch (error) {
    if (error instanceof NoBundle) return { name, why: error.message };
    return { name, why: 'is no bundle that can be read: its values are nested too deeply, or are too many.' };
  }
}
