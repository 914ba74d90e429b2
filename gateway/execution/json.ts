/** Data as JSON gives it: what subgraphs answer, and what is made of it. */
export type Json = Record<string, unknown>;

/** Neither a list nor null. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names under which every object answers something that is not its own. */
const isInherited = (key: string): boolean => key in Object.prototype;

/** How to read one key, for many objects: undefined where it is not the object's own. */
export function readerOf(key: string): (object: Json) => unknown {
  if (isInherited(key)) return (object) => (Object.hasOwn(object, key) ? object[key] : undefined);
  return (object) => object[key];
}

/** Sets an own property, whatever its name: assigned, `__proto__` would become the object's prototype. */
export function setOwn(object: Json, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
