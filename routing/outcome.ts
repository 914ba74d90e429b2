/** One entity of a routed type: as its replica gave it, or as it looks when the replica gave none. */
import { type Json as Entity, isObject } from '../common/json.ts';
import type { ValueShape } from '../server/graphql/selection.ts';
import { compareShape, copyOf, emptyOf } from './answerShape.ts';
import type { Outcome } from './ask/share.ts';
import type { EntityPlan } from './entityPlan.ts';

/** An entity as a replica gave it, checked. */
interface CheckedEntity {
  /** Characters of JSON or so, of each that is made of it. */
  readonly size: number;
  /** Makes what goes on of it, with the router's outcome in it and not the replica's own: another object on each call. */
  next(): Entity;
}

/** The outcome of a share, as it is selected on entities of one type. */
export interface SelectedOutcome {
  readonly size: number;
  /** Puts it into an entity, as an object of that entity's own. */
  addTo(entity: Entity): void;
}

export function selectOutcome({ outcomes }: EntityPlan, outcome: Outcome): SelectedOutcome {
  let size = 0;
  const made = outcomes.map(({ key, object }) => {
    const values: Entity = { ...outcome, __typename: object.type.name };
    const value = emptyOf(object);
    for (const field of object.fields) value[field.key] = values[field.name] ?? null;
    size += compareShape(object, value)?.size ?? 0;
    return { key, object, value };
  });
  return {
    size,
    addTo: (entity) => {
      for (const { key, object, value } of made) entity[key] = object.isPlain ? { ...value } : copyOf(object, value);
    },
  };
}

/**
 * Undefined when what was received is not what was asked for.
 * @param received nobody else's: it may be changed and passed on
 * @param keys what it was asked for by; an answer that says otherwise is about something else
 * @param known values, by field name, that stand whatever the replica says there
 */
export function answeredEntity(
  plan: EntityPlan,
  outcome: SelectedOutcome,
  received: unknown,
  keys: Readonly<Entity>,
  known: Readonly<Entity> | undefined,
): CheckedEntity | undefined {
  if (!isObject(received)) return undefined;
  if (!known && !hasKeys(plan, received, keys)) return undefined;
  const entity = known ? withKnown(plan, received, known) : received;
  const fitting = compareShape(plan.entity, entity);
  if (!fitting) return undefined;
  let mayBeKept = fitting.isExact && !known;
  const next = () => {
    const made = mayBeKept ? entity : copyOf(plan.entity, entity);
    mayBeKept = false;
    outcome.addTo(made);
    return made;
  };
  return { size: fitting.size + outcome.size, next };
}

/** True if it names the keys by which it was asked for. Ids are the same in any case. */
function hasKeys({ keysOf }: EntityPlan, received: Entity, asked: Readonly<Entity>): boolean {
  for (const name of Object.keys(asked)) {
    const keys = name === '__typename' ? undefined : keysOf.get(name);
    if (!keys) continue;
    for (const key of keys) if (!isSameId(received[key], asked[name])) return false;
  }
  return true;
}

const isSameId = (a: unknown, b: unknown): boolean =>
  a === b || (hasText(a) && hasText(b) && String(a).toLowerCase() === String(b).toLowerCase());

/** An object or a list is no id, and need not even have a text. */
const hasText = (value: unknown): boolean => typeof value !== 'object';

/** The same with what is known in place of what the replica says there. */
function withKnown({ entity: { fields } }: EntityPlan, received: Entity, known: Readonly<Entity>): Entity {
  const entity: Entity = Object.assign(Object.create(null), received);
  for (const { key, name } of fields) {
    if (name !== '__typename' && Object.hasOwn(known, name)) entity[key] = known[name];
  }
  return entity;
}

/** Reads a field of what was received, by its name; of a field under several response keys, one of them. */
export const fieldReader =
  ({ keysOf }: EntityPlan, received: unknown) =>
  (name: string): unknown => {
    if (typeof received !== 'object' || received === null) return undefined;
    const key = keysOf.get(name)?.findLast((one) => Object.hasOwn(received, one));
    return key === undefined ? undefined : Reflect.get(received, key);
  };

/**
 * Entity with its keys, the known `fields` by name, the outcome, and null under every other selected response key.
 * `lost` is the first of those that are null; undefined if none is.
 */
export function unansweredEntity(
  { entity: { fields: selected } }: EntityPlan,
  typename: string,
  outcome: SelectedOutcome,
  { keys, fields }: { keys: Readonly<Entity>; fields: Readonly<Entity> },
): { entity: Entity; lost: string | undefined } {
  const entity: Entity = Object.assign(Object.create(null), structuredClone({ ...keys }));
  let lost: string | undefined;
  for (const { key, name, value } of selected) {
    if (Object.hasOwn(keys, name)) {
      entity[key] = structuredClone(keys[name]);
    } else if (name === '__typename') {
      entity[key] = typename;
    } else if (Object.hasOwn(fields, name) && mayStandFor(value, fields[name])) {
      entity[key] = fields[name];
    } else {
      entity[key] = null;
      if (value.kind !== 'given') lost ??= key;
    }
  }
  outcome.addTo(entity);
  return { entity, lost };
}

const mayStandFor = (shape: ValueShape, value: unknown): boolean =>
  shape.kind === 'leaf' && shape.isNullable && (value === null || shape.rules.ofStranger(value));
