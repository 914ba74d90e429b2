/**
 * The report on how a request was answered, for a client whose `extensions` ask for it.
 *
 * - `"cost": true`: the estimated cost of the query.
 * - `"routing": true`: what each replica was asked.
 * - `"queryPlan": true`: the plan, for operators only. Others get an error beside whole data.
 */
import type { QueryPlan } from '@apollo/query-planner';
import type { GraphQLFormattedError } from 'graphql';
import type { Json } from '../../common/json.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { mayReadAll, READ_ALL } from '../../server/tokens/internalToken.ts';

/** Estimated cost of a query. */
export interface QueryCost {
  /** Whole number from 0; `queryCost.ts` says what 1 stands for. */
  readonly estimated: number;
  /** Value of `MAX_COST`. */
  readonly limit: number;
}

interface Report {
  /** Extensions of the answer; undefined: nothing is to be told. */
  readonly extensions: Json | undefined;
  readonly errors: readonly GraphQLFormattedError[];
}

const NOTHING: Report = { extensions: undefined, errors: [] };

/** @param asked `extensions` of the request */
export function reportFor(
  asked: Readonly<Json> | null | undefined,
  { plan, cost }: { readonly plan: QueryPlan; readonly cost: QueryCost | undefined },
  context: RoutingContext,
): Report {
  if (!asked) return NOTHING;
  const isPlanAsked = asked.queryPlan === true;
  const maySeePlan = isPlanAsked && mayReadAll(context.caller);
  const extensions = {
    ...(asked.cost === true && cost && { cost }),
    ...(asked.routing === true && { routing: context.asked }),
    ...(maySeePlan && { queryPlan: readable(plan) }),
  };
  return {
    extensions: Object.keys(extensions).length > 0 ? extensions : undefined,
    errors: isPlanAsked && !maySeePlan ? [forbidden] : [],
  };
}

/** Plan without the parsed form of the operations that are in it as text. */
const readable = (plan: QueryPlan): unknown =>
  JSON.parse(JSON.stringify(plan, (key, value) => (key === 'operationDocumentNode' ? undefined : value)));

const forbidden: GraphQLFormattedError = {
  message: `The query plan needs the role ${READ_ALL}. All else is answered.`,
  extensions: { code: 'FORBIDDEN' },
};
