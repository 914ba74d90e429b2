/** What a fetch of entities selects, as graphql-js itself collects it: aliases, fragments and conditions included. */
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  valueFromASTUntyped,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { LRUCache } from 'lru-cache';
import { fragmentsOf } from '../server/graphql/fragments.ts';
import { type EntityPlan, type EntitySelection, planEntity, type Selected } from './entityPlan.ts';
import type { RoutedType } from './routedTypes.ts';

/** A request as the gateway hands it to a data source. */
export interface SubgraphRequest {
  readonly query?: string | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
}

/** A key of an entity, and what else its subgraph requires. */
export type Representation = Readonly<Record<string, unknown>>;

export interface EntityRequest extends EntitySelection {
  readonly representations: readonly Representation[];
  /** The same for entities of a routed type, as a whole. Worked out once. */
  readonly planOf: (routed: RoutedType) => EntityPlan;
}

/** Undefined when the request is no fetch of entities. @throws GraphQLError if the query cannot be parsed */
export function readEntityRequest(schema: GraphQLSchema, request: SubgraphRequest): EntityRequest | undefined {
  const { operation, fragments, unconditional } = readFetch(schema, request);
  const representations = request.variables?.representations;
  if (!operation || !Array.isArray(representations)) return undefined;
  if (unconditional) return { representations, ...unconditional };

  const variables: Record<string, unknown> = { ...request.variables };
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue) variables[variable.name.value] ??= valueFromASTUntyped(defaultValue);
  }
  const selection = selectionOf(schema, fragments, variables, operation);
  return selection && { representations, ...selection };
}

type Selection = Omit<EntityRequest, 'representations'>;

/** What depends on the text of a fetch alone. */
interface Fetch {
  readonly operationName: string | null | undefined;
  readonly operation: OperationDefinitionNode | undefined | null;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  /** Set when the text has no directive: then no variable decides what is selected. */
  readonly unconditional: Selection | undefined;
}

/** Of the texts that are remembered for one schema, in all. */
const MAX_CACHED_CHARACTERS = 60_000;
const fetches = new WeakMap<GraphQLSchema, LRUCache<string, Fetch>>();

/** Plans are kept, so the same few texts come again and again. */
function readFetch(schema: GraphQLSchema, { query = '', operationName }: SubgraphRequest): Fetch {
  const ofSchema =
    fetches.get(schema) ??
    new LRUCache<string, Fetch>({ maxSize: MAX_CACHED_CHARACTERS, sizeCalculation: (_, text) => text.length });
  fetches.set(schema, ofSchema);
  const known = ofSchema.get(query);
  if (known && known.operationName === operationName) return known;
  const document = parse(query, { noLocation: true });
  const operation = getOperationAST(document, operationName);
  const fragments = fragmentsOf(document);
  const isConditional = query.includes('@');
  const unconditional = operation && !isConditional ? selectionOf(schema, fragments, {}, operation) : undefined;
  const fetch = { operationName, operation, fragments, unconditional };
  ofSchema.set(query, fetch);
  return fetch;
}

function selectionOf(
  schema: GraphQLSchema,
  fragments: Record<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
  operation: OperationDefinitionNode,
): Selection | undefined {
  const query = schema.getQueryType();
  const nodes = query && collectFields(schema, fragments, variables, query, operation.selectionSet).get('_entities');
  if (!nodes) return undefined;
  const select = remember((type, below) => collectSubfields(schema, fragments, variables, type, below));
  const plans = new Map<RoutedType, EntityPlan>();
  const planOf = (routed: RoutedType): EntityPlan => {
    const plan = plans.get(routed) ?? planEntity({ nodes, select }, routed);
    plans.set(routed, plan);
    return plan;
  };
  return { nodes, select, planOf };
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
