/** The objects that a fetch is about, by the plan's path to them: `@` stands for every element of a list. */
import { isObject, type Json } from '../../common/json.ts';

export type PlanPath = readonly (string | number)[];
export type ResponsePath = readonly (string | number)[];

/** Called for each object that is there, in their order; `path` is reused for the next one. */
type Visit = (object: Json, path: ResponsePath) => void;

/** Finds those that are there: null, and what is below it, is passed over. */
export function targetsAt(data: Json, path: PlanPath): Json[] {
  const targets: Json[] = [];
  walk(data, path, 0, [], (object) => targets.push(object));
  return targets;
}

/** Where each of them stands in the response. */
export function pathsOfTargets(data: Json, path: PlanPath): ResponsePath[] {
  const paths: ResponsePath[] = [];
  walk(data, path, 0, [], (_object, at) => paths.push([...at]));
  return paths;
}

function walk(value: unknown, path: PlanPath, depth: number, at: (string | number)[], visit: Visit): void {
  if (Array.isArray(value)) {
    const below = path[depth] === '@' ? depth + 1 : depth;
    for (const [i, element] of value.entries()) {
      at.push(i);
      walk(element, path, below, at, visit);
      at.pop();
    }
    return;
  }
  if (!isObject(value)) return;
  const key = path[depth];
  if (key === undefined) {
    visit(value, at);
  } else if (Object.hasOwn(value, key)) {
    at.push(key);
    walk(value[key], path, depth + 1, at, visit);
    at.pop();
  }
}
