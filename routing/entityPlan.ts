/** The selection of a fetch on entities of one routed type. */
import type { FieldShape, ObjectShape } from '../server/graphql/selection.ts';
import type { RoutedType } from './routedTypes.ts';

export interface EntityPlan {
  /** Shape of the entity. The outcome is `given`. */
  readonly entity: ObjectShape;
  /** The outcome's response keys, and what is selected of it under each. */
  readonly outcomes: readonly { readonly key: string; readonly object: ObjectShape }[];
  /** Response keys of each field but the outcome, by its name. */
  readonly keysOf: ReadonlyMap<string, readonly string[]>;
}

/** @throws Error if the outcome of the type is no object */
export function planEntity(selected: ObjectShape, routed: RoutedType): EntityPlan {
  const outcomes: { key: string; object: ObjectShape }[] = [];
  const keysOf = new Map<string, string[]>();
  const fields = selected.fields.map((field): FieldShape => {
    const { key, name, value } = field;
    if (name !== routed.outcome) {
      keysOf.set(name, [...(keysOf.get(name) ?? []), key]);
      return field;
    }
    if (value.kind !== 'object') throw new Error(`${routed.type.name}.${routed.outcome} is no object`);
    outcomes.push({ key, object: value.object });
    return { ...field, value: { kind: 'given', object: value.object, isNullable: true } };
  });
  return { entity: { ...selected, fields }, outcomes, keysOf };
}
