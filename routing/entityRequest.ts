/** The question of an entity fetch, as graphql-js itself collects it: aliases, fragments and conditions included. */
import { type GraphQLSchema, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Json } from '../common/json.ts';
import { defaultsOf } from '../server/graphql/conditions.ts';
import { fragmentsOf } from '../server/graphql/fragments.ts';
import type { GraphqlBody } from '../server/graphql/question.ts';
import { fieldsOf, type Selecting, shapeBelow } from '../server/graphql/selection.ts';
import type { Representation } from './ask/share.ts';
import { type EntityPlan, planEntity } from './entityPlan.ts';
import type { RoutedType } from './routedTypes.ts';

export interface EntityRequest {
  readonly representations: readonly Representation[];
  /** Variables of the fetch, defaults included. */
  readonly variables: Readonly<Json>;
  readonly planOf: PlanOf;
}

/** Selection on entities of a routed type, worked out once. */
type PlanOf = (routed: RoutedType) => EntityPlan;

/** Undefined when the request is no fetch of entities. @throws GraphQLError if the query cannot be parsed */
type ReadEntityRequest = (request: GraphqlBody) => EntityRequest | undefined;

/** Makes the reader of one schema. It remembers texts: plans are kept, so the same few come again and again. */
export function makeReadEntityRequest(schema: GraphQLSchema): ReadEntityRequest {
  const fetches = new LRUCache<string, Fetch>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: (_, text) => text.length,
  });
  const fetchOf = ({ query, operationName }: GraphqlBody): Fetch => {
    const known = fetches.get(query);
    if (known && known.operationName === operationName) return known;
    const fetch = readFetch(schema, query, operationName);
    fetches.set(query, fetch);
    return fetch;
  };
  return (request) => {
    const { operation, defaults, fragments, unconditional } = fetchOf(request);
    const representations = request.variables?.representations;
    if (!operation || !Array.isArray(representations)) return undefined;
    const variables = { ...defaults, ...request.variables };
    const planOf = unconditional ?? plansOf({ schema, fragments, variables }, operation);
    return planOf && { representations, variables, planOf };
  };
}

/** Limit for the texts that are remembered for one schema, in all. */
const MAX_CACHED_CHARACTERS = 60_000;

/** Part that depends on the text of a fetch alone. */
interface Fetch {
  readonly operationName: string | null | undefined;
  readonly operation: OperationDefinitionNode | undefined | null;
  readonly defaults: Readonly<Json> | undefined;
  readonly fragments: Selecting['fragments'];
  /** Set when the text has no directive: then no variable decides what is selected. */
  readonly unconditional: PlanOf | undefined;
}

function readFetch(schema: GraphQLSchema, query: string, operationName: Fetch['operationName']): Fetch {
  const document = parse(query, { noLocation: true });
  const operation = getOperationAST(document, operationName);
  const fragments = fragmentsOf(document);
  const isConditional = query.includes('@');
  const unconditional =
    operation && !isConditional ? plansOf({ schema, fragments, variables: {} }, operation) : undefined;
  const defaults = operation ? defaultsOf(operation) : undefined;
  return { operationName, operation, defaults, fragments, unconditional };
}

function plansOf(selecting: Selecting, { selectionSet }: OperationDefinitionNode): PlanOf | undefined {
  const query = selecting.schema.getQueryType();
  const nodes = query && fieldsOf(selecting, query, selectionSet).get('_entities');
  if (!nodes) return undefined;
  const plans = new Map<RoutedType, EntityPlan>();
  return (routed) => {
    const plan = plans.get(routed) ?? planEntity(shapeBelow(selecting, routed.type, nodes), routed);
    plans.set(routed, plan);
    return plan;
  };
}
