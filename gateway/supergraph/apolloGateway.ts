/** Apollo's gateway over one supergraph: it reads and checks the supergraph, and plans. What executes plans is ours. */
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

/** What is made of the supergraph's SDL. */
export interface Supergraph {
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  /** With what only subgraphs and plans see. Its AST nodes have the directives of the SDL. */
  readonly fullSchema: GraphQLSchema;
  /** Under which key the plans gather each field of a client's. */
  readonly planKey: PlanKey;
  /** The names of the subgraphs. */
  readonly subgraphs: readonly string[];
  /** Which subgraph is asked for what, and in which order. @throws GraphQLError if that would be too much */
  readonly plan: (document: DocumentNode, operation: OperationDefinitionNode) => QueryPlan;
}

/**
 * Apollo's gateway over one supergraph, not loaded: loading it, once, reads and checks the supergraph. It asks no subgraph;
 * what it executes is for its `executor` to answer, which must be set before it is loaded.
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

/** @param gateway loaded @param supergraphSdl what it was made of */
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
 * The planner of a loaded gateway. Nothing that Apollo documents leads to it: `__testing()` is what its own tests use, and may
 * go with any release. `test/gateway/apolloGateway.test.ts` fails when it does.
 */
function plannerOf(gateway: ApolloGateway): QueryPlanner {
  const { queryPlanner } = gateway.__testing();
  if (!queryPlanner) throw new Error('The gateway has no planner.');
  return queryPlanner;
}

/** The planner's schema holds the nodes of the SDL, and each all tokens of the text: 2 MB that only say where an error is. */
function forgetLocations({ supergraph: { schema } }: QueryPlanner): void {
  const forget = (node: ASTNode) => void Object.assign(node, { loc: undefined });
  for (const { sourceAST } of [schema.schemaDefinition, ...schema.types(), ...schema.directives()]) {
    if (sourceAST) visit(sourceAST, { enter: forget });
  }
}
