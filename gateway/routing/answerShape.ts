/**
 * Cuts a replica's answer to what was asked of it. The executor behind fails the whole response for a list that is no list,
 * and writes into the objects it is handed: so nothing goes on that was not checked, and every call makes new objects.
 */
import {
  type FieldNode,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { scalars } from '../../common/scalars.ts';
import type { EntityRequest } from './entityRequest.ts';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Not what the schema and the query promise. */
class Misshapen extends Error {}

/** How much may still be copied of one answer, in characters of JSON or so; what is copied is taken off. */
export interface Room {
  left: number;
}

const CHECKED = new Map<string, { parseValue(value: unknown): unknown }>(Object.entries(scalars));
const OBJECT_CHARACTERS = 20;
const VALUE_CHARACTERS = 8;

/**
 * A copy of the object with the selected response keys, or undefined when it is not of the selected shape, or there is no room
 * for it: copied for every place that asks for it, an answer that could be read would not fit into the memory.
 */
export function shapedObject(
  request: EntityRequest,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  value: unknown,
  room: Room,
): Json | undefined {
  try {
    return object({ ...request, room }, type, nodes, value);
  } catch (error) {
    if (error instanceof Misshapen) return undefined;
    throw error;
  }
}

type Shaping = EntityRequest & { readonly room: Room };

function take({ room }: Shaping, characters: number): void {
  room.left -= characters;
  if (room.left < 0) throw new Misshapen();
}

function object(request: Shaping, type: GraphQLObjectType, nodes: readonly FieldNode[], value: unknown): Json {
  if (!isObject(value)) throw new Misshapen();
  take(request, OBJECT_CHARACTERS);
  const result: Json = Object.create(null);
  for (const [key, below] of request.select(type, nodes)) {
    const name = below[0]?.name.value ?? '';
    const field = type.getFields()[name];
    const present = Object.hasOwn(value, key) ? value[key] : undefined;
    if (name === '__typename' && present !== type.name) throw new Misshapen();
    result[key] = field ? output(request, field.type, below, present) : present;
  }
  return result;
}

function output(request: Shaping, type: GraphQLOutputType, nodes: readonly FieldNode[], value: unknown): unknown {
  if (isNonNullType(type)) {
    if (value === null) throw new Misshapen();
    return output(request, type.ofType, nodes, value);
  }
  if (value === undefined) throw new Misshapen();
  if (value === null) return null;
  if (isListType(type)) {
    if (!Array.isArray(value)) throw new Misshapen();
    return value.map((item: unknown) => output(request, type.ofType, nodes, item));
  }
  if (isObjectType(type)) return object(request, type, nodes, value);
  if (isLeafType(type)) return leaf(request, type, value);
  throw new Misshapen(); // an interface or a union: no routed type has such a field
}

function leaf(request: Shaping, type: GraphQLLeafType, value: unknown): unknown {
  if (!fitsLeaf(type, value)) throw new Misshapen();
  if (typeof value === 'object') {
    take(request, JSON.stringify(value).length);
    return structuredClone(value);
  }
  take(request, typeof value === 'string' ? value.length : VALUE_CHARACTERS);
  return value;
}

/**
 * Whether a value other than null may stand for the type. No list and no object fits any scalar but JSON: it may be nested
 * deeper than what copies it can go. Numbers, texts and enums are left to the executor, which checks them field by field.
 */
export function fitsLeaf(type: GraphQLLeafType, value: unknown): boolean {
  if (type.name === 'JSON') return true;
  if (typeof value === 'object') return false;
  try {
    CHECKED.get(type.name)?.parseValue(value);
    return true;
  } catch {
    return false;
  }
}
