/**
 * A query plan as code: what is asked of which subgraph, in which order, and how the answers are put together. Compiled once for
 * each operation. Whatever a subgraph does, what others answered stays.
 */
import type { FetchNode, PlanNode } from '@apollo/query-planner';
import { type GraphQLFormattedError, type GraphQLSchema, isAbstractType } from 'graphql';
import { isObject, type Json } from '../../common/json.ts';
import { aboutOf, toldAt } from '../../routing/errorPaths.ts';
import type { AskSubgraph, SubgraphAnswer } from '../../routing/transport/subgraphAnswer.ts';
import { mergeInto } from './merge.ts';
import { compileRepresentation } from './representations.ts';
import { compilePathRewrites, compileRewrites } from './rewrites.ts';
import { type PlanPath, pathsOfTargets, type ResponsePath, targetsAt } from './targets.ts';

/** One execution. */
interface Execution<C> {
  /** Data of the subgraphs so far, under the plan's names. */
  readonly data: Json;
  readonly errors: GraphQLFormattedError[];
  /** Variables as the client sent them. */
  readonly variables: Readonly<Json>;
  /** The same, with the operation's defaults. */
  readonly conditions: Readonly<Json>;
  readonly context: C;
}

/** Never rejects. */
type Step<C> = (execution: Execution<C>) => Promise<void> | void;

export interface StepOptions<C> {
  /** Schema of the supergraph, with what clients do not see. */
  readonly schema: GraphQLSchema;
  /** @throws Error if there is no such subgraph */
  readonly subgraph: (name: string) => AskSubgraph<C>;
  /** Told of what was thrown where nothing should be. */
  readonly onDefect: (error: unknown, context: C) => void;
}

/** @throws Error for a plan with `@defer`, or of a subscription */
export function compileStep<C>(options: StepOptions<C>, node: PlanNode, path: PlanPath = []): Step<C> {
  switch (node.kind) {
    case 'Sequence': {
      const steps = node.nodes.map((one) => compileStep(options, one, path));
      return async (execution) => {
        for (const step of steps) await step(execution);
      };
    }
    case 'Parallel': {
      const steps = node.nodes.map((one) => compileStep(options, one, path));
      return async (execution) => {
        await Promise.all(steps.map((step) => step(execution)));
      };
    }
    case 'Flatten':
      return compileStep(options, node.node, [...path, ...node.path]);
    case 'Condition': {
      const [yes, no] = [node.ifClause, node.elseClause].map((one) => one && compileStep(options, one, path));
      return (execution) => (execution.conditions[node.condition] ? yes : no)?.(execution);
    }
    case 'Fetch':
      return compileFetch(options, node, path);
    case 'Defer':
      throw new Error('@defer is not supported.');
    default:
      return node satisfies never;
  }
}

/** Asks about `targets`, and puts what comes back into them. */
type Fetch<C> = (execution: Execution<C>, targets: readonly Json[]) => Promise<void>;

function compileFetch<C>(options: StepOptions<C>, node: FetchNode, path: PlanPath): Step<C> {
  const fetch = node.requires ? fetchEntities(options, node, node.requires, path) : fetchRoot(options, node, path);
  return async (execution) => {
    const targets = path.length === 0 ? [execution.data] : targetsAt(execution.data, path);
    if (targets.length === 0) return;
    try {
      await fetch(execution, targets);
    } catch (error) {
      options.onDefect(error, execution.context);
      execution.errors.push({ message: 'A subgraph could not be asked.' });
    }
  };
}

/** @param own variables of the fetch itself, which no variable of a client replaces */
type Ask<C> = (execution: Execution<C>, own: Json) => Promise<SubgraphAnswer>;

function askOf<C>({ subgraph }: StepOptions<C>, node: FetchNode): Ask<C> {
  const ask = subgraph(node.serviceName);
  const { operation: query, operationName, variableUsages = [] } = node;
  return ({ variables, context }, own) => {
    for (const name of variableUsages) {
      if (Object.hasOwn(own, name) || !Object.hasOwn(variables, name)) continue;
      if (variables[name] !== undefined) own[name] = variables[name];
    }
    return ask({ query, variables: own, operationName }, context);
  };
}

function fetchRoot<C>(options: StepOptions<C>, node: FetchNode, path: PlanPath): Fetch<C> {
  const ask = askOf(options, node);
  const rewrite = compileRewrites(options.schema, node.outputRewrites);
  const rewritePath = compilePathRewrites(node.outputRewrites);
  return async (execution, targets) => {
    const { data, errors } = await ask(execution, {});
    for (const error of errors ?? []) {
      const isPlaced = path.length === 0 && error.path !== undefined;
      execution.errors.push(toldAt(error, isPlaced ? rewritePath(error.path) : undefined));
    }
    if (!data) return;
    rewrite?.(data);
    for (const target of targets) mergeInto(target, data);
  };
}

function fetchEntities<C>(
  options: StepOptions<C>,
  node: FetchNode,
  requires: NonNullable<FetchNode['requires']>,
  path: PlanPath,
): Fetch<C> {
  const ask = askOf(options, node);
  const represent = compileRepresentation(options.schema, requires);
  const rewriteInput = compileRewrites(options.schema, node.inputRewrites);
  const rewriteOutput = compileRewrites(options.schema, node.outputRewrites);
  const rewritePath = compilePathRewrites(node.outputRewrites);
  /** A subgraph that has one type for an interface (`@interfaceObject`) names the interface; another has said which type it is. */
  const isLessCertain = (name: unknown, known: unknown) =>
    typeof name === 'string' && typeof known === 'string' && isAbstractType(options.schema.getType(name));
  return async (execution, targets) => {
    const representations: Json[] = [];
    const asked: number[] = [];
    for (const [i, target] of targets.entries()) {
      const representation = represent(target);
      if (!representation) continue;
      rewriteInput?.(representation);
      representations.push(representation);
      asked.push(i);
    }
    if (representations.length === 0) return;
    const { data, errors } = await ask(execution, { representations });
    let paths: ResponsePath[] | undefined;
    const pathOf = (i: number): ResponsePath | undefined => {
      paths ??= pathsOfTargets(execution.data, path);
      return paths[asked[i] ?? -1];
    };
    for (const error of errors ?? []) {
      const { index, below } = aboutOf(error);
      const entity = index === undefined ? undefined : pathOf(index);
      execution.errors.push(toldAt(error, entity && [...entity, ...rewritePath(below)]));
    }
    if (!data) return;
    const { _entities: entities } = data;
    if (!Array.isArray(entities) || entities.length !== representations.length) {
      throw new Error(`${node.serviceName} did not answer with ${representations.length} entities.`);
    }
    for (const [i, entity] of entities.entries()) {
      const target = targets[asked[i] ?? -1];
      if (entity === null || entity === undefined || !target) continue;
      if (!isObject(entity)) {
        execution.errors.push(toldAt({ message: `${node.serviceName} gave no object for an entity.` }, pathOf(i)));
        continue;
      }
      if (isLessCertain(entity.__typename, target.__typename)) delete entity.__typename;
      if (rewriteOutput) {
        entity.__typename ??= target.__typename;
        rewriteOutput(entity);
      }
      mergeInto(target, entity);
    }
  };
}
