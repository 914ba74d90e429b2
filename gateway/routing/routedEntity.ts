/** One entity of a routed type: as its replica gave it, or as it looks when the replica gave none. */
import {
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLOutputType,
  getNamedType,
  isLeafType,
  isObjectType,
} from 'graphql';
import { fitsLeaf, type Room, shapedObject } from './answerShape.ts';
import type { EntityRequest } from './entityRequest.ts';
import type { Outcome } from './outcome.ts';
import type { RoutedType } from './routedTypes.ts';

type Entity = Record<string, unknown>;

/** What is known of an entity before its replica says anything. */
export interface Asked {
  /** What it was asked for by: an answer that says otherwise is about something else. */
  readonly keys: Readonly<Entity>;
  /** Values, by field name, that stand whatever the replica says there. */
  readonly known?: Readonly<Entity> | undefined;
  readonly room: Room;
}

/**
 * What the replica gave, with the router's outcome in it instead of the replica's own, and what is known in the same way. A
 * new object on each call; undefined when it is not what was asked for.
 */
export function answeredEntity(
  request: EntityRequest,
  routed: RoutedType,
  outcome: Outcome,
  received: unknown,
  { keys, known = {}, room }: Asked,
): Entity | undefined {
  if (typeof received !== 'object' || received === null || Array.isArray(received)) return undefined;
  const entity: Entity = Object.assign(Object.create(null), received);
  for (const [key, nodes] of request.select(routed.type, request.nodes)) {
    const name = nodes[0]?.name.value ?? '';
    if (name === routed.outcome) entity[key] = outcomeValue(request, routed, nodes, outcome);
    else if (name === '__typename') continue;
    else if (Object.hasOwn(known, name)) entity[key] = known[name];
    else if (Object.hasOwn(keys, name) && !isSameKey(entity[key], keys[name])) return undefined;
  }
  return shapedObject(request, routed.type, request.nodes, entity, room);
}

/** Ids are the same in any case. */
const isSameKey = (a: unknown, b: unknown): boolean => String(a).toLowerCase() === String(b).toLowerCase();

/** As much of a path below an entity as leads to selected fields: a replica may say anything there. */
export function selectedPath(
  request: EntityRequest,
  routed: RoutedType,
  path: readonly (string | number)[],
): (string | number)[] {
  const real: (string | number)[] = [];
  let at: GraphQLNamedType | undefined = routed.type;
  let nodes: readonly FieldNode[] = request.nodes;
  for (const key of path) {
    if (typeof key === 'number') {
      if (typeof real.at(-1) !== 'string') break;
    } else {
      const below: readonly FieldNode[] | undefined = isObjectType(at) ? request.select(at, nodes).get(key) : undefined;
      if (!below || !isObjectType(at)) break;
      at = getNamedType(at.getFields()[below[0]?.name.value ?? '']?.type);
      nodes = below;
    }
    real.push(key);
  }
  return real;
}

/** The values of its fields, by field name; of a field under several response keys, one of them. */
export function fieldsByName(request: EntityRequest, routed: RoutedType, received: unknown): Entity {
  const fields: Entity = Object.create(null);
  if (typeof received !== 'object' || received === null) return fields;
  for (const [key, nodes] of request.select(routed.type, request.nodes)) {
    const value: unknown = Object.hasOwn(received, key) ? Reflect.get(received, key) : undefined;
    if (value !== undefined) fields[nodes[0]?.name.value ?? ''] = value;
  }
  return fields;
}

/**
 * An entity that holds its keys, the `fields` that are known all the same (by field name), the outcome, and null under every
 * other selected response key. `lost` is the first of those that are null; undefined when nothing is.
 */
export function unansweredEntity(
  request: EntityRequest,
  routed: RoutedType,
  outcome: Outcome,
  { keys, fields }: { keys: Readonly<Entity>; fields: Readonly<Entity> },
): { entity: Entity; lost: string | undefined } {
  const entity: Entity = Object.assign(Object.create(null), structuredClone({ ...keys }));
  let lost: string | undefined;
  for (const [key, nodes] of request.select(routed.type, request.nodes)) {
    const name = nodes[0]?.name.value ?? '';
    if (name === routed.outcome) {
      entity[key] = outcomeValue(request, routed, nodes, outcome);
    } else if (Object.hasOwn(keys, name)) {
      entity[key] = structuredClone(keys[name]);
    } else if (name === '__typename') {
      entity[key] = routed.type.name;
    } else if (Object.hasOwn(fields, name) && mayStandFor(routed.type.getFields()[name]?.type, fields[name])) {
      entity[key] = fields[name];
    } else {
      entity[key] = null;
      lost ??= key;
    }
  }
  return { entity, lost };
}

const mayStandFor = (type: GraphQLOutputType | undefined, value: unknown): boolean =>
  isLeafType(type) && (value === null || fitsLeaf(type, value));

/** The outcome under the response keys that are selected in it. */
function outcomeValue(
  request: EntityRequest,
  routed: RoutedType,
  nodes: readonly FieldNode[],
  outcome: Outcome,
): Entity {
  const type = getNamedType(routed.type.getFields()[routed.outcome]?.type);
  if (!isObjectType(type)) throw new Error(`${routed.type.name}.${routed.outcome} is no object`);
  const values: Entity = { ...outcome, __typename: type.name };
  const result: Entity = Object.create(null);
  for (const [key, below] of request.select(type, nodes)) result[key] = values[below[0]?.name.value ?? ''] ?? null;
  return result;
}
