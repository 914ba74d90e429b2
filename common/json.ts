/** Data as JSON gives it: what subgraphs answer, and what is made of it. */
export type Json = Record<string, unknown>;

/** Neither a list nor null. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a key can be read and assigned as it is: under some names every object answers something that is not its own. */
export const isPlain = (key: string): boolean => !(key in Object.prototype);

/** Undefined where the key is not the object's own. */
export const ownValue = (object: Json, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);

/** Sets an own property, whatever its name: assigned, `__proto__` would become the object's prototype. */
export function setOwn(object: Json, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
