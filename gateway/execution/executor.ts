/**
 * Executes operations over subgraphs by their query plans. Everything that depends on the operation alone is compiled once, and
 * kept with the compiled operation.
 */
import type { QueryPlan } from '@apollo/query-planner';
import type { DocumentNode, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Json } from '../../common/json.ts';
import { decidingVariables, defaultsOf } from '../../server/graphql/conditions.ts';
import { ownDocument } from '../../server/graphql/fragments.ts';
import { makeClientPaths } from './clientPaths.ts';
import { type Complete, compileCompletion, type LostValue } from './completion.ts';
import { compileIntrospection } from './introspection.ts';
import type { PlanKey } from './planNames.ts';
import { compileStep, type StepOptions } from './steps.ts';

export interface ExecutorOptions<C> extends StepOptions<C> {
  /** Schema that clients see. */
  readonly apiSchema: GraphQLSchema;
  /** Key under which plans gather each field of a client's. */
  readonly planKey: PlanKey;
}

/** An operation that is valid by the schema of clients, and the plan for it. */
interface PlannedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly plan: QueryPlan;
}

/** An error of a subgraph. */
export interface ExecutionError extends GraphQLFormattedError {
  /**
   * Number of its path's steps that the client asked for; only the plan required what is below. Unset: all, or it has
   * no path.
   */
  readonly asked?: number;
}

export interface Executed {
  /** Null: a root field that may not be null is. */
  readonly data: Json | null;
  /** Errors of the subgraphs, in no order, each with its path in the response if it has one. */
  readonly errors: readonly ExecutionError[];
  /** Values that the schema does not allow, each null in `data`, or something above it. */
  readonly lost: readonly LostValue[];
}

/** @param variables as the client sent them, checked against the operation. Never rejects. */
export type ExecutePlanned<C> = (variables: Readonly<Json>, context: C) => Promise<Executed>;

/** Limit for the completions of one operation, by the values of the variables in its `@skip` and `@include`. */
const MAX_COMPLETIONS = 16;

/** @throws Error for what cannot be answered in one response */
export function compileOperation<C>(options: ExecutorOptions<C>, planned: PlannedOperation): ExecutePlanned<C> {
  const { apiSchema, planKey } = options;
  const { document, operation, plan } = planned;
  if (plan.node?.kind === 'Subscription') throw new Error('Subscriptions are not supported.');
  const step = plan.node && compileStep(options, plan.node);
  const defaults = defaultsOf(operation);
  const deciding = decidingVariables(ownDocument(document, operation));
  const introspect = compileIntrospection(apiSchema, document, operation);
  const clientPath = makeClientPaths(document, operation, planKey);
  const placed = ({ path, ...error }: GraphQLFormattedError): ExecutionError => {
    const at = path && clientPath(path);
    if (!at) return error;
    return { ...error, path: at.path, ...(at.asked < at.path.length && { asked: at.asked }) };
  };
  const completions = new Map<string, Complete>();
  const completionFor = (conditions: Readonly<Json>): Complete => {
    const key = deciding.length === 0 ? '' : JSON.stringify(deciding.map((name) => conditions[name]));
    const known = completions.get(key);
    if (known) return known;
    if (completions.size >= MAX_COMPLETIONS) completions.clear();
    const complete = compileCompletion(apiSchema, document, operation, conditions, planKey);
    completions.set(key, complete);
    return complete;
  };
  return async (variables, context) => {
    const conditions = defaults ? { ...defaults, ...variables } : variables;
    const received: Json = {};
    const errors: GraphQLFormattedError[] = [];
    await step?.({ data: received, errors, variables, conditions, context });
    const { data, lost } = completionFor(conditions)(received);
    const told = data && introspect?.(data, conditions);
    return { data: told?.data ?? data, errors: [...errors.map(placed), ...(told?.errors ?? [])], lost };
  };
}
