/**
 * The highest cost of a query, estimated before it is validated.
 * Each object of the answer costs 1, or what `@cost` says, times the lengths of the lists above it.
 * Values of variables count as if they stood in the query; `@skip` and `@include` are ignored.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import type { Json } from '../../common/json.ts';
import { fragmentsOf } from '../../server/graphql/fragments.ts';
import type { CostRules, FieldRule } from './costRules.ts';
import { introspectionSizes, type Sized } from './introspectionSizes.ts';

/** Longest list that a field gives; the field itself refuses more. */
const MAX_LIST = 1_000;
/** Length of a list about which nothing is known. */
const UNKNOWN_LIST = 10;
/**
 * Cost of each object and each value of an introspection, which asks nobody: graphql-js takes as long for either.
 * The default MAX_COST lets 50,000 of them through, which hold the event loop for less than 100 ms.
 */
const INTROSPECTION_WEIGHT = 0.13;

const NO_RULE: FieldRule = { slicingArguments: [], sizedFields: [], isPerReplica: false };

/**
 * Estimates what an operation costs with these variables, which may be unchecked.
 * @param replicas number that have not stopped; undefined: unknown
 */
export type EstimateCost = (variables: Readonly<Json>, replicas: number | undefined) => number;

/** One operation, and the part of a request on which the lengths of its lists depend. */
interface CostInput {
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Json>;
  /** Receives the names of the variables that were looked at. */
  readonly read: Set<string>;
}

/**
 * Makes the compiler of estimates. A field that is not in the schema costs nothing, because validation refuses it.
 * @returns compiles an operation's estimate; the operation may be invalid, but its expansion must be bounded by
 * `limitPassed`
 */
export function makeCompileCost({ schema, fields }: CostRules) {
  const introspected = introspectionSizes(schema);
  const estimate = (
    input: CostInput,
    fragments: Readonly<Record<string, FragmentDefinitionNode>>,
    replicas: number | undefined,
  ): number => {
    const ofField = (node: FieldNode, parent: GraphQLNamedType, sized: Sized, spreading: readonly string[]): number => {
      const field = fieldOf(schema, parent, node.name.value);
      if (!field) return node.name.value === '__typename' && isIntrospectionType(parent) ? INTROSPECTION_WEIGHT : 0;
      const type = getNamedType(field.type);
      const rule = fields.get(`${parent.name}.${field.name}`) ?? NO_RULE;
      const sliced = slicedSize(rule, field, node, input);
      const isSizedBelow = rule.sizedFields.length > 0;
      const isSized = sized.fields.includes(field.name);
      const below: Sized =
        isSizedBelow && sliced !== undefined ? { fields: rule.sizedFields, size: sliced } : NOT_SIZED;
      const belowType = field === TypeMetaFieldDef ? introspected.ofOneType : isSized ? sized.below : undefined;
      const isIntrospected = isIntrospectionType(parent) || isIntrospectionType(type);
      const own = rule.weight ?? (isIntrospected ? INTROSPECTION_WEIGHT : isLeafType(type) ? 0 : 1);
      const each = own + (node.selectionSet ? within(node.selectionSet, type, belowType ?? below, spreading) : 0);
      if (rule.isPerReplica) return each * (replicas ?? rule.assumedSize ?? UNKNOWN_LIST);
      const length = introspected.lengths.get(`${parent.name}.${field.name}`);
      if (length !== undefined) return INTROSPECTION_WEIGHT + each * (isSized ? sized.size : length);
      if (!isListType(getNullableType(field.type))) return each;
      if (isSized) return each * sized.size;
      const known = (isSizedBelow ? undefined : sliced) ?? keysAsked(field, node, input) ?? rule.assumedSize;
      return each * (known ?? UNKNOWN_LIST);
    };

    const within = (
      set: SelectionSetNode,
      parent: GraphQLNamedType,
      sized: Sized,
      spreading: readonly string[],
    ): number => {
      let sum = 0;
      for (const selection of set.selections) {
        if (selection.kind === Kind.FIELD) {
          sum += ofField(selection, parent, sized, spreading);
          continue;
        }
        const name = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined;
        if (name !== undefined && spreading.includes(name)) continue;
        const spread = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
        if (!spread) continue;
        const type = schema.getType(spread.typeCondition?.name.value ?? '') ?? parent;
        sum += within(spread.selectionSet, type, sized, name === undefined ? spreading : [...spreading, name]);
      }
      return sum;
    };

    const root = schema.getRootType(input.operation.operation);
    return root ? Math.ceil(within(input.operation.selectionSet, root, NOT_SIZED, [])) : 0;
  };

  return (document: DocumentNode, operation: OperationDefinitionNode): EstimateCost => {
    const fragments = fragmentsOf(document);
    return rememberCosts((variables, replicas, read) => estimate({ operation, variables, read }, fragments, replicas));
  };
}

/** Costs of one operation that are remembered, by its variables. */
const MAX_REMEMBERED = 20;

/** Remembers costs: the same operation with as many chats costs the same again. */
function rememberCosts(
  estimate: (variables: Readonly<Json>, replicas: number | undefined, read: Set<string>) => number,
): EstimateCost {
  const costs = new Map<string, number>();
  /** Costs remembered while fewer variables had been looked at are not found again. */
  const read = new Set<string>();
  return (variables, replicas) => {
    const signature = () => [replicas, ...[...read].map((name) => sizeOf(variables, name))].join();
    const cost = costs.get(signature());
    if (cost !== undefined) return cost;
    const estimated = estimate(variables, replicas, read);
    if (costs.size >= MAX_REMEMBERED) costs.clear();
    costs.set(signature(), estimated);
    return estimated;
  };
}

/** Part of a variable that `slicedSize` and `keysAsked` look at. */
function sizeOf(variables: Readonly<Json>, name: string): string {
  if (!Object.hasOwn(variables, name)) return 'none';
  const value = variables[name];
  if (Array.isArray(value)) return `list of ${value.length}`;
  return typeof value === 'number' ? String(value) : typeof value;
}

const NOT_SIZED: Sized = { fields: [], size: 1 };

type Field = GraphQLField<unknown, unknown>;

function fieldOf(schema: GraphQLSchema, parent: GraphQLNamedType, name: string): Field | undefined {
  if (parent === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return isObjectType(parent) || (isCompositeType(parent) && 'getFields' in parent)
    ? parent.getFields()[name]
    : undefined;
}

/** Largest of the slicing arguments, or of their defaults; undefined: there are none. */
function slicedSize(rule: FieldRule, field: Field, node: FieldNode, input: CostInput): number | undefined {
  const sizes = rule.slicingArguments.flatMap((name) => {
    const argument = field.args.find((one) => one.name === name);
    const given = argument && valueGiven(argument, node, input);
    const size = typeof given === 'number' ? given : argument?.defaultValue;
    return typeof size === 'number' ? [Math.min(Math.max(size, 0), MAX_LIST)] : [];
  });
  return sizes.length > 0 ? Math.max(...sizes) : undefined;
}

/** Length of a list of required keys, which is that of the field's list. */
function keysAsked(field: Field, node: FieldNode, input: CostInput): number | undefined {
  const keys = field.args.find(({ type }) => isNonNullType(type) && isListType(type.ofType));
  const value = keys && valueGiven(keys, node, input);
  if (value === undefined) return undefined;
  return Array.isArray(value) ? Math.min(value.length, MAX_LIST) : 1;
}

function valueGiven(argument: GraphQLArgument, node: FieldNode, { operation, variables, read }: CostInput): unknown {
  const value: ValueNode | undefined = node.arguments?.find(({ name }) => name.value === argument.name)?.value;
  if (!value) return undefined;
  if (value.kind !== Kind.VARIABLE) return value.kind === Kind.LIST ? value.values : valueFromASTUntyped(value);
  const name = value.name.value;
  read.add(name);
  if (Object.hasOwn(variables, name)) return variables[name];
  const definition = operation.variableDefinitions?.find((one) => one.variable.name.value === name);
  return definition?.defaultValue && valueFromASTUntyped(definition.defaultValue);
}
