/**
 * What a query may ask for, checked before Apollo Server parses, validates and plans it, and what it is estimated to cost.
 * A document that cannot be parsed passes: Apollo Server's own parser says what is wrong with it.
 */
import { type DocumentNode, GraphQLError, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import { requestError } from '../../server/graphql/errors.ts';
import type { RequestRecord } from '../http/requestRecord.ts';
import type { AskedQuery } from './askedQuery.ts';
import { readCostRules } from './costRules.ts';
import { checkDocument, LIMITS, tooComplex } from './documentLimits.ts';
import { makeCostEstimate } from './queryCost.ts';

/** Of the queries whose parsed, planned and compiled forms are kept, in all; that takes some hundred bytes a character. */
const MAX_CACHED_CHARACTERS = 120_000;
/** What the plan of a query takes, however short it is; a field of seven letters can be planned to 40 kB. */
const CHARACTERS_OF_A_PLAN = 600;

/** For Apollo Server's own parser, too. */
export const PARSE_OPTIONS = { maxTokens: LIMITS.tokens };

export interface QueryLimits {
  /**
   * Notes the cost in `record`, also of a query that is refused for it. Undefined: it will be refused for what it says.
   * @throws GraphQLError QUERY_TOO_COMPLEX, HTTP 400
   */
  check(asked: AskedQuery, record: RequestRecord): CheckedQuery | undefined;
}

/** What a query is estimated to cost. */
export interface QueryCost {
  /** Whole, from 0. What 1 stands for: see `queryCost.ts`. */
  readonly estimated: number;
  /** `MAX_COST`. */
  readonly limit: number;
}

/** A query within the limits. The same text gives the same nodes, as long as it is remembered. */
export interface CheckedQuery {
  readonly text: string;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly cost: QueryCost;
}

export interface QueryLimitsOptions {
  /** The supergraph, which says what its fields cost. */
  readonly supergraphSdl: string;
  readonly maxCost: number;
  /** How many replicas have not stopped; undefined: unknown. */
  readonly countReplicas: () => number | undefined;
}

export function makeQueryLimits({ supergraphSdl, maxCost, countReplicas }: QueryLimitsOptions): QueryLimits {
  const estimateCost = makeCostEstimate(readCostRules(supergraphSdl));
  /** Within the limits: those of a document depend on nothing else. */
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: (_, query) => query.length + CHARACTERS_OF_A_PLAN,
  });
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
      if (!query) return undefined;
      const document = readDocument(query);
      if (!document) return undefined;
      const operation = getOperationAST(document, operationName);
      if (!operation) return undefined;
      const replicas = countReplicas();
      const estimated = estimateCost({ document, operation, variables, replicas });
      record.cost = estimated;
      if (estimated > maxCost) throw tooExpensive(estimated, maxCost, replicas);
      return { text: query, document, operation, cost: { estimated, limit: maxCost } };
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
