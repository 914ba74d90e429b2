/** What a fetch of entities selects, as graphql-js itself collects it: aliases, fragments and conditions included. */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  parse,
  valueFromASTUntyped,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';

/** By response key; the nodes under one key all select the same field. */
export type Selected = ReadonlyMap<string, readonly FieldNode[]>;

/** A request as the gateway hands it to a data source. */
export interface SubgraphRequest {
  readonly query?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
}

/** A key of an entity, and what else its subgraph requires. */
export type Representation = Readonly<Record<string, unknown>>;

export interface EntityRequest {
  readonly representations: readonly Representation[];
  /** The nodes of `_entities`. */
  readonly nodes: readonly FieldNode[];
  /** What is selected on objects of `type` below `nodes`. The same nodes are collected once. */
  readonly select: (type: GraphQLObjectType, nodes: readonly FieldNode[]) => Selected;
}

/** Undefined when the request is no fetch of entities. @throws GraphQLError if the query cannot be parsed */
export function readEntityRequest(schema: GraphQLSchema, request: SubgraphRequest): EntityRequest | undefined {
  const document = parse(request.query ?? '', { noLocation: true });
  const operation = getOperationAST(document, request.operationName);
  const query = schema.getQueryType();
  const representations = request.variables?.representations;
  if (!operation || !query || !Array.isArray(representations)) return undefined;

  const variables: Record<string, unknown> = { ...request.variables };
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue) variables[variable.name.value] ??= valueFromASTUntyped(defaultValue);
  }
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  const nodes = collectFields(schema, fragments, variables, query, operation.selectionSet).get('_entities');
  if (!nodes) return undefined;
  return {
    representations,
    nodes,
    select: remember((type, below) => collectSubfields(schema, fragments, variables, type, below)),
  };
}

/** An answer about a hundred chats asks for the same few selections thousands of times. */
function remember(collect: EntityRequest['select']): EntityRequest['select'] {
  const known = new Map<readonly FieldNode[], Map<GraphQLObjectType, Selected>>();
  return (type, nodes) => {
    const byType = known.get(nodes) ?? new Map<GraphQLObjectType, Selected>();
    known.set(nodes, byType);
    const selected = byType.get(type) ?? collect(type, nodes);
    byType.set(type, selected);
    return selected;
  };
}
