/** The composed schema: what clients see of it, and the plans over it. */
import { readFileSync } from 'node:fs';
import { Supergraph as FederatedSupergraph, operationFromDocument } from '@apollo/federation-internals';
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner';
import { type DocumentNode, type GraphQLSchema, type OperationDefinitionNode, parse, visit } from 'graphql';
import { SettingsError } from '../../server/settings/config.ts';
import { documentForPlan } from '../execution/planDocument.ts';
import { makePlanKey, type PlanKey } from '../execution/planNames.ts';

/**
 * @param path unset: the file that `npm run compose` writes
 * @throws SettingsError if the file cannot be read
 */
export function readSupergraph(path: string | undefined): string {
  try {
    return readFileSync(path ?? new URL('../supergraph.graphql', import.meta.url), 'utf8');
  } catch (error) {
    throw new SettingsError(`SUPERGRAPH_PATH: cannot read ${path ?? 'gateway/supergraph.graphql'}. ${error}`);
  }
}

export interface Supergraph {
  readonly sdl: string;
  /** What clients see. */
  readonly apiSchema: GraphQLSchema;
  /** With what only subgraphs and plans see. */
  readonly fullSchema: GraphQLSchema;
  /** Under which key the plans gather each field of a client's. */
  readonly planKey: PlanKey;
  /** The names of the subgraphs. */
  readonly subgraphs: readonly string[];
  /** Which subgraph is asked for what, and in which order. @throws GraphQLError if that would be too much */
  readonly plan: (document: DocumentNode, operation: OperationDefinitionNode) => QueryPlan;
}

/** @throws Error that says what is wrong with the supergraph */
export function buildSupergraph(sdl: string): Supergraph {
  const document = parse(sdl);
  const supergraph = FederatedSupergraph.build(document, { validateSupergraph: true });
  const apiSchema = supergraph.apiSchema();
  const planner = new QueryPlanner(supergraph);
  forgetLocations(document);
  const fullSchema = supergraph.schema.toGraphQLJSSchema();
  const planKey = makePlanKey(fullSchema, document);
  return {
    sdl,
    apiSchema: apiSchema.toGraphQLJSSchema(),
    fullSchema,
    planKey,
    subgraphs: [...supergraph.subgraphsMetadata()].map(({ name }) => name),
    plan: (document, operation) => {
      const asked = documentForPlan(document, operation, planKey);
      return planner.buildQueryPlan(operationFromDocument(apiSchema, asked, { validate: false }));
    },
  };
}

/** What was built holds its nodes, and each node all tokens of the text: 2 MB that only say where something is wrong. */
function forgetLocations(document: DocumentNode): void {
  visit(document, { enter: (node) => void Object.assign(node, { loc: undefined }) });
}
