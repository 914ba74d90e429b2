/**
 * Operations of one supergraph: each is validated, planned and compiled once, and then answered as often as it is asked for,
 * however the request came.
 */

import type { QueryPlan } from '@apollo/query-planner';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLFormattedError,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import type { Json } from '../../common/json.ts';
import type { AskSubgraph } from '../../routing/transport/subgraphAnswer.ts';
import { requestError } from '../../server/graphql/errors.ts';
import type { Logger } from '../../server/log.ts';
import { currentSpan, inSpan, SpanKind } from '../../server/tracing.ts';
import { compileOperation, type Execute } from '../execution/executor.ts';
import type { GatewayContext } from '../gatewayContext.ts';
import { clientErrors, formatForClient } from '../http/clientErrors.ts';
import { reportFor } from '../report.ts';
import type { Supergraph } from '../supergraph/load.ts';
import { makeFindBadInput, strictSchema } from './inputCheck.ts';
import { PARSE_OPTIONS } from './queryLimits.ts';

const INTERNAL = { kind: SpanKind.INTERNAL, attributes: {} };

/** What a client gets; without `data` it is refused as a whole. */
export interface Answer {
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
  readonly data?: Json | null;
  readonly extensions?: Json | undefined;
}

export interface ReadyOperation {
  readonly kind: 'ready';
  readonly name: string | undefined;
  readonly plan: QueryPlan;
  readonly execute: Execute<GatewayContext>;
  /** What is wrong with the input, as a sentence. */
  readonly badInput: (variables: Readonly<Json>) => string | undefined;
}

/** Not valid by the schema, or not to be planned. */
export interface RefusedOperation {
  readonly kind: 'refused';
  /** Of HTTP. */
  readonly status: number;
  readonly errors: readonly GraphQLFormattedError[];
  /** Why, if it is not the query's fault: for the log of each request, and not for its client. */
  readonly cause?: unknown;
}

/** What an operation is asked with. */
export interface Asked {
  readonly variables: Readonly<Json>;
  /** Of the request. */
  readonly extensions?: Readonly<Json> | undefined;
}

export interface Operations {
  /**
   * The same for the same operation node.
   * @param text of the document, which is validated then; unset: it is valid
   */
  prepare(document: DocumentNode, operation: OperationDefinitionNode, text?: string): ReadyOperation | RefusedOperation;
  /** @throws GraphQLError BAD_USER_INPUT, HTTP 400 */
  answer(operation: ReadyOperation, asked: Asked, context: GatewayContext): Promise<Answer>;
}

export interface OperationsOptions {
  readonly supergraph: Supergraph;
  /** @throws Error if there is no such subgraph */
  readonly subgraph: (name: string) => AskSubgraph<GatewayContext>;
  readonly log: Logger;
}

export function makeOperations({ supergraph, subgraph, log }: OperationsOptions): Operations {
  const { apiSchema, fullSchema, planKey } = supergraph;
  const findBadInput = makeFindBadInput(strictSchema(apiSchema));
  const onDefect = (err: unknown, { requestId }: GatewayContext) => log.error({ err, requestId }, 'a fetch failed');
  const executor = { apiSchema, schema: fullSchema, planKey, subgraph, onDefect };

  const make = (
    document: DocumentNode,
    operation: OperationDefinitionNode,
    text: string | undefined,
  ): ReadyOperation | RefusedOperation => {
    const invalid = text === undefined ? [] : validate(apiSchema, parse(text, PARSE_OPTIONS));
    if (invalid.length > 0) return { kind: 'refused', status: 400, errors: invalid.map(validationError) };
    try {
      const plan = supergraph.plan(document, operation);
      return {
        kind: 'ready',
        name: operation.name?.value,
        plan,
        execute: compileOperation(executor, { document, operation, plan }),
        badInput: (variables) => findBadInput(document, operation, variables),
      };
    } catch (cause) {
      return { kind: 'refused', status: 500, errors: [formatForClient({ message: '' })], cause };
    }
  };

  const answer: Operations['answer'] = async (operation, { variables, extensions }, context) => {
    const problem = operation.badInput(variables);
    if (problem !== undefined) throw requestError('BAD_USER_INPUT', problem, { status: 400 });
    const executed = await inSpan('gateway.execute', INTERNAL, () => operation.execute(variables, context));
    const report = reportFor(extensions, operation.plan, context);
    const errors = [...clientErrors(executed, context, log), ...report.errors];
    for (const error of errors) context.record.codes.add(String(error.extensions?.code));
    return {
      ...(errors.length > 0 && { errors }),
      data: executed.data,
      ...(report.extensions && { extensions: report.extensions }),
    };
  };

  const known = new WeakMap<OperationDefinitionNode, ReadyOperation | RefusedOperation>();
  return {
    prepare: (document, operation, text) => {
      const found = known.get(operation);
      if (found) return found;
      const made = make(document, operation, text);
      known.set(operation, made);
      return made;
    },
    answer: (operation, asked, context) => {
      if (operation.name !== undefined) {
        context.record.operation = operation.name;
        currentSpan().setAttribute('graphql.operation.name', operation.name);
      }
      return inSpan('gateway.request', INTERNAL, () => answer(operation, asked, context));
    },
  };
}

const validationError = ({ message, locations }: GraphQLError): GraphQLFormattedError =>
  formatForClient({ message, ...(locations && { locations }), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });

/** The only operation of a text of our own. */
export function readOwnOperation(text: string): { document: DocumentNode; operation: OperationDefinitionNode } {
  const document = parse(text, { noLocation: true });
  const operation = getOperationAST(document);
  if (!operation) throw new Error('There is not one operation in the document.');
  return { document, operation };
}

/** An operation that the gateway itself asks. @throws Error if it is refused */
export function makeOwnQuestion(text: string) {
  const { document, operation } = readOwnOperation(text);
  return async (operations: Operations, variables: Readonly<Json>, context: GatewayContext): Promise<Answer> => {
    const ready = operations.prepare(document, operation, text);
    if (ready.kind === 'refused') throw new GraphQLError(ready.errors[0]?.message ?? 'It is refused.');
    return operations.answer(ready, { variables }, context);
  };
}
