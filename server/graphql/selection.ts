/** What an operation selects, by type: worked out once, and looked at for each of a thousand objects. */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isCompositeType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { isPlain } from '../../common/json.ts';
import { type LeafRules, leafRules } from './leafRules.ts';

/** What may stand under a response key. */
export type ValueShape = { readonly isNullable: boolean } & (
  | { readonly kind: 'leaf'; readonly rules: LeafRules }
  | { readonly kind: 'list'; readonly item: ValueShape }
  | { readonly kind: 'object'; readonly object: ObjectShape }
  /** Shapes by the name of an object's type. Undefined: no object is of that type. */
  | { readonly kind: 'abstract'; readonly name: string; readonly of: (typename: string) => ObjectShape | undefined }
  /** `__typename` of the type. */
  | { readonly kind: 'typename' }
  /** An object that is filled in here, whatever stands there. */
  | { readonly kind: 'given'; readonly object: ObjectShape }
);

export interface FieldShape {
  /** Response key. */
  readonly key: string;
  /** Key under which the value is gathered. */
  readonly from: string;
  readonly name: string;
  readonly value: ValueShape;
  /** Undefined: `__typename`. */
  readonly field: GraphQLField<unknown, unknown> | undefined;
  /** The first node that selects it, with its arguments. */
  readonly node: FieldNode;
}

export interface ObjectShape {
  readonly type: GraphQLCompositeType;
  readonly fields: readonly FieldShape[];
  /** Whether no key is one that every object inherits, such as `__proto__`. */
  readonly isPlain: boolean;
}

export interface Selecting {
  readonly schema: GraphQLSchema;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  /** Variables of `@skip` and `@include`, defaults included. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Key under which a field is gathered. Undefined: its response key. */
  readonly gatheredAs?: (field: FieldNode) => string;
}

/** Fields of a selection set on objects of the type, by response key, as graphql-js itself collects them. */
export const fieldsOf = (
  { schema, fragments, variables }: Selecting,
  type: GraphQLObjectType,
  selectionSet: SelectionSetNode,
): ReadonlyMap<string, readonly FieldNode[]> => collectFields(schema, fragments, variables, type, selectionSet);

/** Works the shape out. Fields of the schema itself (`__schema`) are left out: no subgraph is asked for them. */
export function shapeOf(
  selecting: Selecting,
  type: GraphQLCompositeType,
  collected: ReadonlyMap<string, readonly FieldNode[]>,
): ObjectShape {
  const known = 'getFields' in type ? type.getFields() : {};
  const fields = [...collected].flatMap(([key, nodes]): FieldShape[] => {
    const [node] = nodes;
    if (!node) return [];
    const name = node.name.value;
    const shared = { key, name, node, from: selecting.gatheredAs?.(node) ?? key };
    if (name === '__typename') {
      return [{ ...shared, value: { kind: 'typename', isNullable: false }, field: undefined }];
    }
    const field = known[name];
    return field ? [{ ...shared, value: valueShape(selecting, field.type, nodes), field }] : [];
  });
  return { type, fields, isPlain: fields.every(({ key, from }) => isPlain(key) && isPlain(from)) };
}

/** What is selected below the nodes of a field on objects of the type. */
export const shapeBelow = (
  selecting: Selecting,
  type: GraphQLCompositeType,
  nodes: readonly FieldNode[],
): ObjectShape => {
  const { schema, fragments, variables } = selecting;
  return shapeOf(selecting, type, collectSubfields(schema, fragments, variables, type as GraphQLObjectType, nodes));
};

function valueShape(
  selecting: Selecting,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
  isNullable = true,
): ValueShape {
  if (isNonNullType(type)) return valueShape(selecting, type.ofType, nodes, false);
  if (isListType(type)) return { kind: 'list', item: valueShape(selecting, type.ofType, nodes), isNullable };
  if (isLeafType(type)) return { kind: 'leaf', rules: leafRules(type), isNullable };
  if (isObjectType(type)) return { kind: 'object', object: shapeBelow(selecting, type, nodes), isNullable };
  const known = new Map<string, ObjectShape | undefined>();
  const of = (typename: string) => {
    if (known.has(typename)) return known.get(typename);
    const actual = selecting.schema.getType(typename);
    const shape = isCompositeType(actual) && !isUnionType(actual) ? shapeBelow(selecting, actual, nodes) : undefined;
    if (shape) known.set(typename, shape);
    return shape;
  };
  return { kind: 'abstract', name: type.name, of, isNullable };
}

/** Fields of selection sets on whichever type, each fragment's once. @param isLookedAt what else is passed over, with all in it */
export function fieldsWithin(
  sets: readonly SelectionSetNode[],
  fragments: Selecting['fragments'],
  isLookedAt: (selection: SelectionNode) => boolean = () => true,
): FieldNode[] {
  const found: FieldNode[] = [];
  const seen = new Set<SelectionSetNode>();
  const look = (set: SelectionSetNode) => {
    if (seen.has(set)) return;
    seen.add(set);
    for (const selection of set.selections) {
      if (!isLookedAt(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        found.push(selection);
        continue;
      }
      const below = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
      if (below) look(below.selectionSet);
    }
  };
  sets.forEach(look);
  return found;
}
