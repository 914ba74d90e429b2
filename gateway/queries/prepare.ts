/**
 * Queries of one supergraph, each prepared once, and only as far as needed.
 *
 * 1. A new text is parsed and checked against the limits of a document.
 * 2. Its cost is estimated.
 * 3. Within the limit, it is validated, planned and compiled.
 */
import type { QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, GraphQLError, type OperationDefinitionNode, parse, validate } from 'graphql';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import type { Refusal } from '../../server/graphql/answer.ts';
import { compileIsSame } from '../../server/graphql/changes.ts';
import { readMarkedFields } from '../../server/graphql/markedFields.ts';
import { makePreparedQueries } from '../../server/graphql/preparedQueries.ts';
import { refuseConditionalRoot } from '../../server/graphql/subscriptionRoot.ts';
import { type WatchedQuery, watchedQuery } from '../../server/graphql/watchedQuery.ts';
import { compileOperation, type ExecutePlanned, type ExecutorOptions } from '../execution/executor.ts';
import type { Supergraph } from '../supergraph/apolloGateway.ts';
import { readCostRules } from './costRules.ts';
import { LIMITS, limitPassed, tooComplex } from './documentLimits.ts';
import { compileInputCheck, type FindBadInput, strictSchema } from './inputCheck.ts';
import { type EstimateCost, makeCompileCost } from './queryCost.ts';

/** Limit for all texts whose prepared forms are kept, together; a form takes some hundred bytes a character. */
const MAX_CACHED_CHARACTERS = 120_000;
/** Characters that a plan counts, however short its query is: a field of seven letters can be planned to 40 kB. */
const CHARACTERS_OF_A_PLAN = 600;

/** Options of the parser, and of Apollo Server's own. */
export const PARSE_OPTIONS = { maxTokens: LIMITS.tokens };

export interface PreparedQuery {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly cost: EstimateCost;
  /** Validates, plans and compiles at the first call. Call it when the cost is within the limit. */
  readonly compiled: () => CompiledQuery;
}

type CompiledQuery =
  | {
      readonly kind: 'ready';
      readonly findBadInput: FindBadInput;
      readonly plan: QueryPlan;
      readonly execute: ExecutePlanned<RoutingContext>;
      /** Compares two answers to it. */
      readonly isSame: ReturnType<typeof compileIsSame>;
    }
  /** A subscription, which is answered by a query again and again. */
  | { readonly kind: 'watched'; readonly findBadInput: FindBadInput; readonly query: WatchedQuery }
  /** Invalid by the schema. */
  | { readonly kind: 'invalid'; readonly why: string }
  /** Valid, but without a plan, for a reason that is not its client's. */
  | { readonly kind: 'failed'; readonly cause: unknown };

/** Finds a prepared query. Undefined: no one operation is meant, or its text is no GraphQL. */
export type PrepareQuery = (text: string, operationName?: string | null) => PreparedQuery | Refusal | undefined;

interface PrepareOptions extends Pick<ExecutorOptions<RoutingContext>, 'subgraph' | 'onDefect'> {
  readonly supergraph: Supergraph;
}

export function makePrepareQuery({ supergraph, subgraph, onDefect }: PrepareOptions): PrepareQuery {
  const { apiSchema, fullSchema, planKey } = supergraph;
  const executor = { apiSchema, schema: fullSchema, planKey, subgraph, onDefect };
  const strict = strictSchema(apiSchema);
  const compileCost = makeCompileCost(readCostRules(fullSchema));
  const clockFields = readMarkedFields(fullSchema, 'clock');
  const perCaller = readMarkedFields(fullSchema, 'perCaller');

  const compile = (document: DocumentNode, operation: OperationDefinitionNode): CompiledQuery => {
    const [invalid] = validate(apiSchema, document);
    if (invalid) return { kind: 'invalid', why: invalid.message };
    try {
      const findBadInput = compileInputCheck(strict, document, operation);
      if (operation.operation === 'subscription') {
        return { kind: 'watched', findBadInput, query: watchedQuery(apiSchema, perCaller, document, operation) };
      }
      const plan = supergraph.plan(document, operation);
      const execute = compileOperation(executor, { document, operation, plan });
      const isSame = compileIsSame(apiSchema, clockFields, document, operation);
      return { kind: 'ready', findBadInput, plan, execute, isSame };
    } catch (cause) {
      return { kind: 'failed', cause };
    }
  };

  return makePreparedQueries({
    maxCharacters: MAX_CACHED_CHARACTERS,
    moreCharacters: CHARACTERS_OF_A_PLAN,
    read: readWithinLimits,
    prepare: (document, operation): PreparedQuery => {
      let compiled: CompiledQuery | undefined;
      return {
        document,
        operation,
        cost: compileCost(document, operation),
        compiled: () => {
          compiled ??= compile(document, operation);
          return compiled;
        },
      };
    },
  });
}

/** Words of the parser, which some versions misspell. */
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more tha[nt] \d+ tokens/;

function readWithinLimits(text: string): DocumentNode | Refusal | undefined {
  if (text.length > LIMITS.characters) return tooComplex('characters', text.length);
  const document = parseOrWhyNot(text);
  if (document instanceof RangeError) return tooComplex('levels of nesting');
  if (document instanceof GraphQLError) {
    return TOO_MANY_TOKENS.test(document.message) ? tooComplex('tokens') : undefined;
  }
  const passed = limitPassed(document);
  return passed === undefined ? (refuseConditionalRoot(document) ?? document) : tooComplex(passed);
}

function parseOrWhyNot(text: string): DocumentNode | RangeError | GraphQLError {
  try {
    return parse(text, { ...PARSE_OPTIONS, noLocation: true });
  } catch (error) {
    if (error instanceof RangeError || error instanceof GraphQLError) return error;
    throw error;
  }
}
