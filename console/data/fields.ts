/** Fields of a snapshot by their paths, as evidence names them: `runtime.runners[0].lease.ageSeconds`. Pure. */
import { shownFigures } from '../../domain/diagnosis/figures.ts';

interface Field {
  readonly path: string;
  readonly value: unknown;
}

/** All leaves below a value, in order. An empty list or object is a leaf. */
export function fieldsOf(value: unknown, path: string): Field[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((one, i) => fieldsOf(one, `${path}[${i}]`));
  if (isPlain(value) && Object.keys(value).length > 0 && !WHOLE.test(path)) {
    return Object.entries(value).flatMap(([name, one]) => fieldsOf(one, path ? `${path}.${name}` : name));
  }
  return [{ path, value }];
}

/** Values of the type JSON, which evidence names as a whole. */
const WHOLE = /^database\.(lastError|retryState)$/;

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Value as text, as evidence has it. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null, shownFigures);

/** Paths that lead to a value that is shown, the closest first: of itself, then of what it is a part of. */
export function pathsTo(path: string): string[] {
  const cut = path.replace(/(\.\w+|\[\d+\])$/, '');
  return cut === path || cut === '' ? [path] : [path, ...pathsTo(cut)];
}
