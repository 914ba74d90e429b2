/** JSON data: answers of subgraphs, and what is made of them. */
export type Json = Record<string, unknown>;

/** Value of a JSON text; undefined if it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** True for an object that is neither a list nor null. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** True for a key that can be read and assigned safely. Names such as `constructor` exist on every object. */
export const isPlain = (key: string): boolean => !(key in Object.prototype);

/** Value of the object's own key; undefined where the key is inherited or missing. */
export const ownValue = (object: Json, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);

/** Sets an own property, whatever its name. Plain assignment of `__proto__` would change the object's prototype. */
export function setOwn(object: Json, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
