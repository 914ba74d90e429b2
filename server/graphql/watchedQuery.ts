/**
 * A subscription as the query that is asked again and again to answer it: the same root field and selections, without
 * `everyMs`. Pure.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type NamedTypeNode,
  type OperationDefinitionNode,
  OperationTypeNode,
  print,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import type { Json } from '../../common/json.ts';
import { defaultsOf } from './conditions.ts';
import { fragmentsOf, ownDocument } from './fragments.ts';
import { selectsOneOf } from './markedFields.ts';
import { fieldsWithin } from './selection.ts';

/** Argument of each root field that only a subscription has. */
const RATE = 'everyMs';

export interface WatchedQuery {
  /** Text of the query. */
  readonly text: string;
  /** Name of the root field. */
  readonly field: string;
  /** True if callers with the same rights may get different answers. */
  readonly isPerCaller: boolean;
  /** Value of an argument of the root field. Undefined: it is not given. */
  readonly argument: (name: string, variables: Readonly<Json>) => unknown;
  /** Milliseconds between two looks, unchecked. Undefined: the schema's default. */
  readonly everyMs: (variables: Readonly<Json>) => unknown;
}

/**
 * @param schema of clients
 * @param perCaller fields with `@perCaller`, as `Type.field`
 * @param document valid by the schema
 * @param operation a subscription of it
 */
export function watchedQuery(
  schema: GraphQLSchema,
  perCaller: ReadonlySet<string>,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): WatchedQuery {
  const own = ownDocument(document, operation);
  const fields = fieldsWithin([operation.selectionSet], fragmentsOf(document));
  const [field] = fields;
  if (!field) throw new Error('A valid subscription has one field.');
  const argument = (name: string, variables: Readonly<Json>): unknown => {
    const given = field.arguments?.find((one) => one.name.value === name)?.value;
    return given && valueFromASTUntyped(given, { ...defaultsOf(operation), ...variables });
  };
  return {
    text: print(asQuery(schema, own, new Set(fields))),
    field: field.name.value,
    isPerCaller: selectsOneOf(perCaller, schema, own),
    argument,
    everyMs: (variables) => argument(RATE, variables) ?? defaultRate(schema, field),
  };
}

const defaultRate = (schema: GraphQLSchema, { name }: FieldNode): unknown =>
  schema
    .getSubscriptionType()
    ?.getFields()
    [name.value]?.args.find((one) => one.name === RATE)?.defaultValue;

/** @param fields those of the root */
function asQuery(schema: GraphQLSchema, document: DocumentNode, fields: ReadonlySet<FieldNode>): DocumentNode {
  const [from, to] = [schema.getSubscriptionType()?.name, schema.getQueryType()?.name];
  if (from === undefined || to === undefined) throw new Error('The schema has no subscription.');
  const onQuery = (condition: NamedTypeNode | undefined) =>
    condition?.name.value === from ? { ...condition, name: { ...condition.name, value: to } } : condition;
  const asked: DocumentNode = visit(document, {
    OperationDefinition: (node) => ({ ...node, operation: OperationTypeNode.QUERY }),
    FragmentDefinition: (node) => ({ ...node, typeCondition: onQuery(node.typeCondition) ?? node.typeCondition }),
    InlineFragment: (node) => ({ ...node, typeCondition: onQuery(node.typeCondition) }),
    Field: (node) =>
      fields.has(node) ? { ...node, arguments: node.arguments?.filter(({ name }) => name.value !== RATE) } : undefined,
  });
  return withoutUnusedVariables(asked);
}

function withoutUnusedVariables(document: DocumentNode): DocumentNode {
  const used = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  });
  return visit(document, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
  });
}
