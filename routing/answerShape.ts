/**
 * The check of a replica's answer against its question, which cuts the answer to it.
 * Executors behind may fail the whole response for a list that is no list, and write into the objects they get. So
 * nothing unchecked goes on.
 */
import { isObject, type Json } from '../common/json.ts';
import type { ObjectShape, ValueShape } from '../server/graphql/selection.ts';
import { sinceOf } from './ask/since.ts';
import type { Path } from './errorPaths.ts';

const OBJECT_CHARACTERS = 20;
const VALUE_CHARACTERS = 8;

/** An object that has the selected shape. */
interface Fitting {
  /** Size of what is selected, in characters of JSON or so. */
  size: number;
  /** True if it holds nothing else, so that its owner may pass it on as it is. */
  isExact: boolean;
}

/** Undefined when the object is not of the selected shape. */
export function compareShape(shape: ObjectShape, value: unknown): Fitting | undefined {
  const fitting: Fitting = { size: 0, isExact: true };
  return fitsObject(shape, value, fitting) ? fitting : undefined;
}

/** The own value of a key: of an object that others made, only what it says itself counts. */
const ownValue = (shape: ObjectShape, object: Json, key: string): unknown =>
  shape.isPlain || Object.hasOwn(object, key) ? object[key] : undefined;

function fitsObject(shape: ObjectShape, value: unknown, fitting: Fitting): boolean {
  if (!isObject(value)) return false;
  fitting.size += OBJECT_CHARACTERS;
  let present = 0;
  for (const field of shape.fields) {
    const own = ownValue(shape, value, field.key);
    if (own !== undefined) present += 1;
    if (!fitsValue(field.value, own, fitting, shape)) return false;
  }
  fitting.isExact &&= shape.isPlain && Object.keys(value).length === present;
  return true;
}

/** @param of the object that holds the value */
function fitsValue(shape: ValueShape, value: unknown, fitting: Fitting, of: ObjectShape): boolean {
  if (value === undefined) return shape.kind === 'given';
  if (value === null) return shape.isNullable;
  switch (shape.kind) {
    case 'leaf':
      if (!shape.rules.ofStranger(value)) return false;
      fitting.size += sizeOfLeaf(value);
      return true;
    case 'list':
      if (!Array.isArray(value)) return false;
      for (const item of value) if (!fitsValue(shape.item, item, fitting, of)) return false;
      return true;
    case 'object':
      return fitsObject(shape.object, value, fitting);
    case 'typename':
      return value === of.type.name;
    case 'given':
      return true;
    case 'abstract': // no routed type has a field of one
      return false;
    default:
      return shape satisfies never;
  }
}

function sizeOfLeaf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' ? JSON.stringify(value).length : VALUE_CHARACTERS;
}

/**
 * Puts null where a replica was not asked for a newer field, as it may stand in an answer.
 * @returns the path of each
 */
export function nullNewer(shape: ObjectShape, value: unknown, path: Path = []): Path[] {
  if (!isObject(value)) return [];
  return shape.fields.flatMap((field) => {
    const at = [...path, field.key];
    const own = ownValue(shape, value, field.key);
    if (own !== undefined || sinceOf(field.field) === undefined) return nullNewerBelow(field.value, own, at);
    value[field.key] = null;
    return [at];
  });
}

function nullNewerBelow(shape: ValueShape, value: unknown, path: Path): Path[] {
  if (shape.kind === 'object') return nullNewer(shape.object, value, path);
  if (shape.kind !== 'list' || !Array.isArray(value)) return [];
  return value.flatMap((item, i) => nullNewerBelow(shape.item, item, [...path, i]));
}

/** A copy, all the way down, of what is selected of an object that fits; null where the value is given. */
export function copyOf(shape: ObjectShape, value: Json): Json {
  const copy = emptyOf(shape);
  for (const { key, value: below } of shape.fields) {
    copy[key] = below.kind === 'given' ? null : copyOfValue(below, value[key]);
  }
  return copy;
}

/** Makes an object, without a prototype where a key would mean something on it. */
export const emptyOf = ({ isPlain }: ObjectShape): Json => (isPlain ? {} : Object.create(null));

function copyOfValue(shape: ValueShape, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (shape.kind === 'list' && Array.isArray(value)) return value.map((item) => copyOfValue(shape.item, item));
  return shape.kind === 'object' && isObject(value) ? copyOf(shape.object, value) : structuredClone(value);
}
