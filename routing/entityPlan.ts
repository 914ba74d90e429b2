/** What a fetch selects on entities of one type, flat: worked out once for a fetch, looked at for each of a thousand objects. */
import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { isPlain } from '../common/json.ts';
import { type LeafRule, leafRule } from './leafRules.ts';
import type { RoutedType } from './routedTypes.ts';
import { sinceOf } from './since.ts';

/** By response key; the nodes under one key all select the same field. */
export type Selected = ReadonlyMap<string, readonly FieldNode[]>;

export interface EntitySelection {
  /** The nodes of `_entities`. */
  readonly nodes: readonly FieldNode[];
  /** What is selected on objects of `type` below `nodes`. The same nodes are collected once. */
  readonly select: (type: GraphQLObjectType, nodes: readonly FieldNode[]) => Selected;
}

export type ValueShape = { readonly isNullable: boolean } & (
  | { readonly kind: 'leaf'; readonly fits: LeafRule }
  | { readonly kind: 'list'; readonly item: ValueShape }
  | { readonly kind: 'object'; readonly object: ObjectShape }
  | { readonly kind: 'typename'; readonly typename: string }
  /** Whatever it is: the router gives the value. */
  | { readonly kind: 'given' }
  /** Only null: an interface or a union, which no routed type has a field of. */
  | { readonly kind: 'none' }
);

export interface FieldShape {
  /** The response key. */
  readonly key: string;
  /** The field's name. */
  readonly name: string;
  readonly value: ValueShape;
  /** An earlier version of the subgraph is not asked for it. */
  readonly isNewer: boolean;
}

export interface ObjectShape {
  readonly fields: readonly FieldShape[];
  /** No key is one that every object inherits, such as `__proto__`. */
  readonly isPlain: boolean;
}

export interface EntityPlan {
  /** Of the entity; the value of the outcome is `given`. */
  readonly entity: ObjectShape;
  /** The response keys of the outcome, and what is selected of it under each. */
  readonly outcomes: readonly { readonly key: string; readonly object: ObjectShape }[];
  /** The response keys of each field but the outcome, by its name. */
  readonly keysOf: ReadonlyMap<string, readonly string[]>;
}

/** @throws Error if the outcome of the type is no object */
export function planEntity({ select, nodes }: EntitySelection, routed: RoutedType): EntityPlan {
  const selected = objectShape(select, routed.type, nodes);
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
    return { ...field, value: { kind: 'given', isNullable: true } };
  });
  return { entity: { fields, isPlain: selected.isPlain }, outcomes, keysOf };
}

type Select = EntitySelection['select'];

function objectShape(select: Select, type: GraphQLObjectType, nodes: readonly FieldNode[]): ObjectShape {
  const fields = [...select(type, nodes)].map(([key, below]): FieldShape => {
    const name = below[0]?.name.value ?? '';
    const field = type.getFields()[name];
    if (name === '__typename') {
      return { key, name, value: { kind: 'typename', typename: type.name, isNullable: false }, isNewer: false };
    }
    const value: ValueShape = field ? valueShape(select, field.type, below) : { kind: 'none', isNullable: true };
    return { key, name, value, isNewer: sinceOf(field) !== undefined };
  });
  return { fields, isPlain: fields.every(({ key }) => isPlain(key)) };
}

function valueShape(
  select: Select,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  isNullable = true,
): ValueShape {
  if (isNonNullType(type)) return valueShape(select, type.ofType, nodes, false);
  if (isListType(type)) return { kind: 'list', item: valueShape(select, type.ofType, nodes), isNullable };
  if (isLeafType(type)) return { kind: 'leaf', fits: leafRule(type), isNullable };
  if (isObjectType(type)) return { kind: 'object', object: objectShape(select, type, nodes), isNullable };
  return { kind: 'none', isNullable };
}
