/** Apollo's gateway over one supergraph. It reads and checks the supergraph, and plans; our executor runs the plans. */
import { operationFromDocument } from '@apollo/federation-internals';
import { ApolloGateway } from '@apollo/gateway';
import type { QueryPlan, QueryPlanner } from '@apollo/query-planner';
import {
  type ASTNode,
  buildSchema,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import type { Logger } from '../../server/log.ts';
import { switchOffVendorTelemetry } from '../../server/settings/config.ts';
import { documentForPlan } from '../execution/planDocument.ts';
import { makePlanKey, type PlanKey } from '../execution/planNames.ts';

/** Facts made of the supergraph's SDL. */
export interface Supergraph {
  /** Schema that clients see. */
  readonly apiSchema: GraphQLSchema;
  /** Schema that subgraphs and plans see. Its AST nodes have the directives of the SDL. */
  readonly fullSchema: GraphQLSchema;
  /** Key under which plans gather each field of a client's. */
  readonly planKey: PlanKey;
  /** Names of the subgraphs. */
  readonly subgraphs: readonly string[];
  /**
   * Plans an operation: which subgraph is asked for what, and in which order.
   * @throws GraphQLError if that would be too much
   */
  readonly plan: (document: DocumentNode, operation: OperationDefinitionNode) => QueryPlan;
}

/**
 * Makes Apollo's gateway over one supergraph. Loading it, once, reads and checks the supergraph, and asks no subgraph.
 * Set its `executor` before it is loaded: that answers what it executes.
 */
export function makeApolloGateway(supergraphSdl: string, log: Logger): ApolloGateway {
  switchOffVendorTelemetry();
  return new ApolloGateway({
    supergraphSdl,
    validateSupergraph: true,
    buildService: ({ name }) => ({ process: () => Promise.reject(new Error(`Subgraph ${name} is asked elsewhere.`)) }),
    experimental_approximateQueryPlanStoreMiB: 1 / 1024, // plans are kept with their operations
    logger: {
      debug: () => {},
      info: () => {}, // that it has loaded
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
  });
}

/**
 * @param gateway loaded
 * @param supergraphSdl text of which it was made
 */
export function supergraphOf(gateway: ApolloGateway, supergraphSdl: string): Supergraph {
  const planner = plannerOf(gateway);
  const { schema: apiSchema } = gateway;
  if (!apiSchema) throw new Error('The gateway has not loaded.');
  forgetLocations(planner);
  const fullSchema = buildSchema(supergraphSdl, { assumeValid: true, noLocation: true });
  const planKey = makePlanKey(fullSchema);
  return {
    apiSchema,
    fullSchema,
    planKey,
    subgraphs: [...planner.supergraph.subgraphsMetadata()].map(({ name }) => name),
    plan: (document, operation) => {
      const asked = documentForPlan(document, operation, planKey);
      return planner.buildQueryPlan(operationFromDocument(planner.supergraph.apiSchema(), asked, { validate: false }));
    },
  };
}

/**
 * Planner of a loaded gateway. Nothing that Apollo documents leads to it.
 * `__testing()` is what its own tests use, and may go with any release. `test/gateway/apolloGateway.test.ts` fails when
 * it does.
 */
function plannerOf(gateway: ApolloGateway): QueryPlanner {
  const { queryPlanner } = gateway.__testing();
  if (!queryPlanner) throw new Error('The gateway has no planner.');
  return queryPlanner;
}

/** Drops the tokens that nodes of the SDL hold: 2 MB that only tell where an error is. */
function forgetLocations({ supergraph: { schema } }: QueryPlanner): void {
  const forget = (node: ASTNode) => void Object.assign(node, { loc: undefined });
  for (const { sourceAST } of [schema.schemaDefinition, ...schema.types(), ...schema.directives()]) {
    if (sourceAST) visit(sourceAST, { enter: forget });
  }
}
