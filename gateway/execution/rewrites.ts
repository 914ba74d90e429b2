/**
 * The changes that a plan makes to what is sent or received.
 * A fetch may use another alias than the client, where two types would clash.
 * It may also name an interface whose objects are one type to the subgraph (`@interfaceObject`).
 */
import type { FetchDataRewrite } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { isObject, type Json, setOwn } from '../../common/json.ts';
import type { ResponsePath } from './targets.ts';
import { namesWithin } from './typeNames.ts';

/** Prefix of a type condition among the keys of a plan's path. */
const CONDITION = '... on ';

type Change = (object: Json) => void;

/** Undefined when nothing is changed. Changes objects in place; lists stand for each of their elements. */
export function compileRewrites(
  schema: GraphQLSchema,
  rewrites: readonly FetchDataRewrite[] | undefined,
): ((value: unknown) => void) | undefined {
  if (!rewrites?.length) return undefined;
  const all = rewrites.map((rewrite) => compileRewrite(schema, rewrite));
  return (value) => {
    for (const rewrite of all) rewrite(value);
  };
}

function compileRewrite(schema: GraphQLSchema, rewrite: FetchDataRewrite): (value: unknown) => void {
  const steps = rewrite.path.slice(0, -1).map((step) => compileStep(schema, step));
  const change = changeOf(rewrite, rewrite.path.at(-1) ?? '');
  return (value) => applyAt(value, steps, 0, change);
}

function changeOf(rewrite: FetchDataRewrite, key: string): Change {
  if (rewrite.kind === 'ValueSetter') return (object) => setOwn(object, key, rewrite.setValueTo);
  return (object) => {
    if (!Object.hasOwn(object, key) || object[key] === undefined) return;
    setOwn(object, rewrite.renameKeyTo, object[key]);
    delete object[key];
  };
}

/** The same for the path of an error, which knows no types: the names that a plan gives stand for one field each. */
export function compilePathRewrites(rewrites: readonly FetchDataRewrite[] = []): (path: ResponsePath) => ResponsePath {
  const renames = rewrites.flatMap((rewrite) =>
    rewrite.kind === 'KeyRenamer'
      ? [{ names: rewrite.path.filter((step) => !step.startsWith(CONDITION)), to: rewrite.renameKeyTo }]
      : [],
  );
  return (path) => renames.reduce((renamed, { names, to }) => renameIn(renamed, names, to), path);
}

function renameIn(path: ResponsePath, names: readonly string[], to: string): ResponsePath {
  let depth = 0;
  for (const [i, step] of path.entries()) {
    if (typeof step === 'number') continue;
    if (step !== names[depth]) return path;
    depth += 1;
    if (depth === names.length) return path.with(i, to);
  }
  return path;
}

/** Next value on the way; undefined: the way ends here. */
type Step = (object: Json) => unknown;

function compileStep(schema: GraphQLSchema, step: string): Step {
  if (!step.startsWith(CONDITION)) return (object) => (Object.hasOwn(object, step) ? object[step] : undefined);
  const names = namesWithin(schema, step.slice(CONDITION.length));
  return (object) => (typeof object.__typename !== 'string' || names.has(object.__typename) ? object : undefined);
}

function applyAt(value: unknown, steps: readonly Step[], depth: number, change: Change): void {
  if (Array.isArray(value)) {
    for (const element of value) applyAt(element, steps, depth, change);
    return;
  }
  if (!isObject(value)) return;
  const step = steps[depth];
  if (step) applyAt(step(value), steps, depth + 1, change);
  else change(value);
}
