/** Keys and requirements of subgraphs, read from their schemas. */
import { type ConstDirectiveNode, type DocumentNode, Kind, parse, type SelectionSetNode } from 'graphql';
import { isObject, type Json } from '../../../common/json.ts';

interface Rules {
  /** The first key of each entity, by its type. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** Required selections, by `Type.field`. */
  readonly requires: ReadonlyMap<string, string>;
}

export function readRules(documents: readonly DocumentNode[]): Rules {
  const keys = new Map<string, readonly string[]>();
  const requires = new Map<string, string>();
  for (const { definitions } of documents) {
    for (const definition of definitions) {
      if (!('fields' in definition) || !definition.name) continue;
      const type = definition.name.value;
      const key = fieldsOf(definition.directives, 'key');
      if (key !== undefined && !keys.has(type)) keys.set(type, key.trim().split(/\s+/));
      for (const { name, directives } of definition.fields ?? []) {
        const required = fieldsOf(directives as ConstDirectiveNode[], 'requires');
        if (required !== undefined) requires.set(`${type}.${name.value}`, required);
      }
    }
  }
  return { keys, requires };
}

function fieldsOf(directives: readonly ConstDirectiveNode[] | undefined, directive: string): string | undefined {
  const value = directives?.find(({ name }) => name.value === directive)?.arguments?.[0]?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

/** Part of an object that the selections name. */
export function pick(object: Readonly<Json>, selections: string): unknown {
  const [definition] = parse(`{ ${selections} }`).definitions;
  return definition?.kind === Kind.OPERATION_DEFINITION ? pickSet(object, definition.selectionSet) : null;
}

function pickSet(value: unknown, set: SelectionSetNode): unknown {
  if (Array.isArray(value)) return value.map((element) => pickSet(element, set));
  if (!isObject(value)) return value;
  const picked: Json = {};
  for (const selection of set.selections) {
    if (selection.kind !== Kind.FIELD) continue;
    const below = value[selection.name.value];
    picked[selection.name.value] = selection.selectionSet ? pickSet(below, selection.selectionSet) : below;
  }
  return picked;
}

/** The same text for the same values, in whatever order. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, below: unknown) =>
    isObject(below) ? Object.fromEntries(Object.entries(below).sort(([a], [b]) => (a < b ? -1 : 1))) : below,
  );
