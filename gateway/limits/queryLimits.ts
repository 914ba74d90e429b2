/**
 * What a query may ask for, checked before Apollo Server parses, validates and plans it, and what it is estimated to cost.
 * A document that cannot be parsed passes: Apollo Server's own parser says what is wrong with it.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import { type DocumentNode, GraphQLError, getOperationAST, parse } from 'graphql';
import { makeBoundedCache } from '../../common/boundedCache.ts';
import { requestError } from '../../subgraphs/errors.ts';
import type { GatewayContext, QueryCost } from '../gatewayContext.ts';
import type { RequestRecord } from '../http/requestRecord.ts';
import type { AskedQuery } from './askedQuery.ts';
import { readCostRules } from './costRules.ts';
import { checkDocument, LIMITS, tooComplex } from './documentLimits.ts';
import { makeCostEstimate } from './queryCost.ts';

/** Of the queries whose parsed form is kept, in all; that takes some tens of bytes a character. */
const MAX_CACHED_CHARACTERS = 200_000;

/** For Apollo Server's own parser, too. */
export const PARSE_OPTIONS = { maxTokens: LIMITS.tokens };

export interface QueryLimits {
  /**
   * Notes the cost in `record`, also of a query that is refused for it. Undefined: the query has no cost, since it will be refused for what it says.
   * @throws GraphQLError QUERY_TOO_COMPLEX, HTTP 400
   */
  check(asked: AskedQuery, record: RequestRecord): QueryCost | undefined;
  /** Learns the rules of each supergraph that is loaded; answers `extensions: { "cost": true }` with `extensions.cost`. */
  readonly plugin: ApolloServerPlugin<GatewayContext>;
}

export interface QueryLimitsOptions {
  readonly maxCost: number;
  /** How many replicas have not stopped; undefined: unknown. */
  readonly countReplicas: () => number | undefined;
}

export function makeQueryLimits({ maxCost, countReplicas }: QueryLimitsOptions): QueryLimits {
  let estimateCost: ReturnType<typeof makeCostEstimate> | undefined;
  /** Within the limits: those of a document depend on nothing else. */
  const documents = makeBoundedCache<DocumentNode>(MAX_CACHED_CHARACTERS, (query) => query.length);
  const readDocument = (query: string): DocumentNode | undefined => {
    const known = documents.get(query);
    if (known) return known;
    const document = parseWithinLimits(query);
    if (!document) return undefined;
    checkDocument(document);
    documents.set(query, document);
    return document;
  };
  return {
    check: ({ query, operationName, variables }, record) => {
      const document = query && readDocument(query);
      if (!document) return undefined;
      const operation = getOperationAST(document, operationName);
      if (!operation || !estimateCost) return undefined;
      const replicas = countReplicas();
      const estimated = estimateCost({ document, operation, variables, replicas });
      record.cost = estimated;
      if (estimated > maxCost) throw tooExpensive(estimated, maxCost, replicas);
      return { estimated, limit: maxCost };
    },
    plugin: {
      serverWillStart: async () => ({
        schemaDidLoadOrUpdate: ({ coreSupergraphSdl }) => {
          if (coreSupergraphSdl) estimateCost = makeCostEstimate(readCostRules(coreSupergraphSdl));
        },
      }),
      requestDidStart: async ({ request, contextValue: { cost } }) => ({
        willSendResponse: async ({ response: { body } }) => {
          if (request.extensions?.cost !== true || !cost || body.kind !== 'single') return;
          body.singleResult.extensions = { ...body.singleResult.extensions, cost };
        },
      }),
    },
  };
}

function parseWithinLimits(query: string): DocumentNode | undefined {
  if (query.length > LIMITS.characters) throw tooComplex('characters', query.length);
  try {
    return parse(query, { ...PARSE_OPTIONS, noLocation: true });
  } catch (error) {
    if (error instanceof RangeError) throw tooComplex('levels of nesting');
    if (!(error instanceof GraphQLError)) throw error;
    if (/^Syntax Error: Document contains more that? \d+ tokens/.test(error.message)) throw tooComplex('tokens');
    return undefined;
  }
}

const tooExpensive = (estimated: number, limit: number, replicas: number | undefined) => {
  const perReplica = replicas === undefined ? '' : ` What is asked of every replica counts ${replicas} times.`;
  return requestError(
    'QUERY_TOO_COMPLEX',
    `The estimated cost of a query may be at most ${limit} (MAX_COST). This one's is ${estimated}: ask for fewer chats, or for less below lists.${perReplica}`,
    { status: 400 },
  );
};
