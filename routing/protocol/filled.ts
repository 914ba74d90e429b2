/**
 * The selection of an entity, filled from values under the names of the schema. Pure.
 * Each value is checked by its type. An odd one is null, with one problem on its path, and costs only itself. Where null
 * cannot stand, the next value around it that may be null is.
 */
import { isObject, type Json, ownValue } from '../../common/json.ts';
import type { FieldShape, ObjectShape, ValueShape } from '../../server/graphql/selection.ts';
import { emptyOf } from '../answerShape.ts';
import type { Path } from '../errorPaths.ts';

/** A place of the selection that is null for a reason. */
interface Problem {
  readonly path: Path;
  readonly code: 'VALUE_UNREADABLE' | 'FORBIDDEN' | 'BAD_USER_INPUT';
  readonly message: string;
}

/** Value in place of one that an argument or a right decides about. */
export type Override = (
  field: FieldShape,
  value: unknown,
  typename: string,
) => { readonly value: unknown } | Omit<Problem, 'path'> | undefined;

/** Stands for a value that cannot be null and is not there. */
const LOST = Symbol('lost');

/** Undefined: what cannot be null is not there. @param override asked for each field of the entity itself */
export function filled(
  shape: ObjectShape,
  values: Json,
  override: Override,
): { entity: Json | undefined; problems: Problem[] } {
  const problems: Problem[] = [];
  const entity = fillObject(shape, values, [], problems, override);
  return { entity: entity === LOST ? undefined : entity, problems };
}

function fillObject(
  shape: ObjectShape,
  values: Json,
  path: Path,
  problems: Problem[],
  override?: Override,
): Json | typeof LOST {
  const object = emptyOf(shape);
  for (const field of shape.fields) {
    if (field.value.kind === 'given') continue;
    const at = [...path, field.key];
    const told = ownValue(values, field.name) ?? null;
    const decided = override?.(field, told, shape.type.name);
    if (decided && 'code' in decided) problems.push({ ...decided, path: at });
    const value = fillValue(
      field.value,
      decided ? ('code' in decided ? null : decided.value) : told,
      at,
      problems,
      shape,
    );
    if (value === LOST) return LOST;
    object[field.key] = value;
  }
  return object;
}

function fillValue(shape: ValueShape, value: unknown, path: Path, problems: Problem[], of: ObjectShape): unknown {
  if (shape.kind === 'typename') return of.type.name;
  if (value === null || value === undefined) {
    if (!shape.isNullable) problems.push(unreadable(path));
    return shape.isNullable ? null : LOST;
  }
  const found = fillPresent(shape, value, path, problems, of);
  return found === LOST && shape.isNullable ? null : found;
}

function fillPresent(shape: ValueShape, value: unknown, path: Path, problems: Problem[], of: ObjectShape): unknown {
  const odd = () => {
    problems.push(unreadable(path));
    return LOST;
  };
  switch (shape.kind) {
    case 'leaf':
      return shape.rules.ofStranger(value) && shape.rules.ofAnswer(value) ? value : odd();
    case 'list': {
      if (!Array.isArray(value)) return odd();
      const items: unknown[] = [];
      for (const [i, item] of value.entries()) {
        const made = fillValue(shape.item, item, [...path, i], problems, of);
        if (made === LOST) return LOST;
        items.push(made);
      }
      return items;
    }
    case 'object':
      return isObject(value) ? fillObject(shape.object, value, path, problems) : odd();
    default:
      return odd();
  }
}

const unreadable = (path: Path): Problem => ({ path, code: 'VALUE_UNREADABLE', message: '' });
