/**
 * Defects for the worker's sources, put in as they are loaded: a broken task does not begin again, a buffer stays open.
 */
import type { LoadHook } from 'node:module';

const DEFECTS = [
  { file: '/chatd/runner.ts', expression: /wasActive\s*&&\s*!this\.#active/, becomes: 'false' },
  { file: '/chatd/generation.ts', expression: /buffer\.close\(\)/, becomes: 'undefined' },
];

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const defect = DEFECTS.find(({ file }) => new URL(url).pathname.endsWith(file));
  if (!defect) return loaded;
  const source = String(loaded.source);
  if (!defect.expression.test(source)) throw new Error(`${defect.file} holds nothing like ${defect.expression}`);
  return { ...loaded, source: source.replace(defect.expression, defect.becomes) };
};
