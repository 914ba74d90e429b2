/** Queries over one supergraph, answered: limits first, then the input, then what its plan asks of the subgraphs. */
import { isObject, type Json } from '../../common/json.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { type GraphqlAnswer, mutationInUrl, Refusal } from '../../server/graphql/answer.ts';
import type { GraphqlService } from '../../server/graphql/edge.ts';
import { maskError } from '../../server/graphql/errors.ts';
import { fragmentsOf } from '../../server/graphql/fragments.ts';
import type { Question } from '../../server/graphql/question.ts';
import { fieldsWithin } from '../../server/graphql/selection.ts';
import { type Look, readWatch, type Watch } from '../../server/live/watch.ts';
import type { Logger } from '../../server/log.ts';
import type { RequestRecord } from '../../server/requests.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import { currentSpan, inSpan, SpanKind } from '../../server/tracing.ts';
import type { AllowedOperations } from './allowedOperations.ts';
import { clientErrors } from './clientErrors.ts';
import { tooExpensive, tooOften } from './costRefusals.ts';
import type { PreparedQuery, PrepareQuery } from './prepare.ts';
import { readProcessOperations } from './processOperations.ts';
import { type QueryCost, reportFor } from './report.ts';

export interface QueriesOptions {
  readonly prepare: PrepareQuery;
  /** Estimated cost up to which a client's query is answered. */
  readonly maxCost: number;
  /** Number of replicas that have not stopped; undefined: unknown. */
  readonly countReplicas: () => number | undefined;
  /** Limits the actions of one caller. */
  readonly limitMutations: (caller: Caller, actions: number) => Promise<Refusal | undefined>;
  /** Operations that alone are answered; unset: all. */
  readonly allowedOperations?: AllowedOperations | undefined;
  readonly log: Logger;
}

export interface Queries extends Pick<GraphqlService<RoutingContext>, 'answer'> {
  /**
   * Asks an operation of the gateway's own, at any cost. A mutation counts among the caller's actions.
   * @throws Error if it is not valid
   */
  ask(text: string, variables: Readonly<Json>, context: RoutingContext, record?: RequestRecord): Promise<GraphqlAnswer>;
  /**
   * Reads a subscription, under the rules for queries. `query`: it is one, to be answered once. Undefined: it is not
   * valid.
   */
  watch(question: Question, caller: Caller, record: RequestRecord): Watch | Refusal | 'query' | undefined;
  /** Asks the query of a watch. Undefined: it is not valid any more. */
  look(watch: Watch, context: RoutingContext): Promise<Look | undefined>;
}

const INTERNAL_SPAN = { kind: SpanKind.INTERNAL, attributes: {} };

export function makeQueries(options: QueriesOptions): Queries {
  const { allowedOperations: ofCallers, countReplicas, limitMutations, log, maxCost, prepare } = options;
  const ofProcesses = readProcessOperations();

  const execute = async (
    { compiled }: PreparedQuery,
    { variables, extensions, cost }: Asked,
    context: RoutingContext,
  ): Promise<GraphqlAnswer | Invalid> => {
    const query = compiled();
    if (query.kind === 'invalid') return query;
    if (query.kind === 'watched') return { kind: 'invalid', why: 'a subscription is not answered once' };
    if (query.kind === 'failed') {
      log.error({ requestId: context.requestId, err: query.cause }, 'a query could not be planned');
      return { status: 500, headers: {}, body: { errors: [maskError({ message: '' })] } };
    }
    return inSpan('gateway.request', INTERNAL_SPAN, async () => {
      const problem = query.findBadInput(variables);
      if (problem !== undefined) return new Refusal(400, 'BAD_USER_INPUT', problem);
      const executed = await inSpan('gateway.execute', INTERNAL_SPAN, () => query.execute(variables, context));
      const report = reportFor(extensions, { plan: query.plan, cost }, context);
      const errors = [...clientErrors(executed, context.requestId, log), ...report.errors];
      const body = {
        ...(errors.length > 0 && { errors }),
        data: executed.data,
        ...(report.extensions && { extensions: report.extensions }),
      };
      return { ...OK, body };
    });
  };

  const find = (question: Question, caller: Caller): PreparedQuery | Refusal | undefined => {
    const { operationName, extensions } = question;
    const allowedOperations = caller.isProcess ? ofProcesses : ofCallers;
    const text = allowedOperations ? allowedOperations.bodyOf(question) : question.query;
    if (text === undefined || text instanceof Refusal) return text;
    if (extensions?.persistedQuery && !(allowedOperations && isFirstVersion(extensions.persistedQuery))) {
      return undefined; // ids are known by the list alone
    }
    return prepare(text, operationName);
  };

  /** Estimates the cost, and refuses what is above the limit. */
  const withinCost = (
    { cost }: PreparedQuery,
    variables: Readonly<Json>,
    record: RequestRecord | undefined,
  ): number | Refusal => {
    const replicas = countReplicas();
    const estimated = cost(variables, replicas);
    if (record) record.cost = estimated;
    return estimated > maxCost ? tooExpensive(estimated, maxCost, replicas) : estimated;
  };

  const limited = (prepared: PreparedQuery, { caller }: RoutingContext) =>
    limitMutations(caller, rootFields(prepared).length);

  /** Queries of running watches, which no other queries displace. */
  const held = new WeakMap<Watch, PreparedQuery>();

  return {
    answer: async (question, context, record) => {
      const { variables = {}, extensions } = question;
      const prepared = find(question, context.caller);
      if (!prepared || prepared instanceof Refusal) return prepared;
      noteName(prepared, record);
      const estimated = withinCost(prepared, variables, record);
      if (estimated instanceof Refusal) return estimated;
      if (prepared.operation.operation === 'mutation') {
        if (question.isInUrl) return mutationInUrl();
        const refused = await limited(prepared, context);
        if (refused) return refused;
      }
      const asked = { variables, extensions, cost: { estimated, limit: maxCost } };
      const answered = await execute(prepared, asked, context);
      return 'kind' in answered ? undefined : answered;
    },
    ask: async (text, variables, context, record) => {
      const prepared = prepare(text);
      if (!prepared) throw new Error('It is not one operation');
      if (prepared instanceof Refusal) return prepared;
      noteName(prepared, record);
      const refused = prepared.operation.operation === 'mutation' ? await limited(prepared, context) : undefined;
      if (refused) return refused;
      const answered = await execute(prepared, { variables }, context);
      if ('kind' in answered) throw new Error(answered.why);
      return answered;
    },
    watch: (question, caller, record) => {
      const { variables = {} } = question;
      const prepared = find(question, caller);
      if (!prepared || prepared instanceof Refusal) return prepared;
      if (prepared.operation.operation === 'query') return 'query';
      noteName(prepared, record);
      const estimated = withinCost(prepared, variables, record);
      if (estimated instanceof Refusal) return estimated;
      const subscription = prepared.compiled();
      if (subscription.kind !== 'watched') return undefined;
      const watch = readWatch(subscription, variables);
      if (watch instanceof Refusal) return watch;
      const perSecond = estimated * Math.max(1, 1_000 / watch.everyMs);
      return perSecond > maxCost ? tooOften(estimated, watch, maxCost) : watch;
    },
    look: async (watch, context) => {
      const prepared = held.get(watch) ?? prepare(watch.text);
      if (!prepared || prepared instanceof Refusal) return undefined;
      if (!held.has(watch)) held.set(watch, prepared);
      const answered = await execute(prepared, watch, context);
      if ('kind' in answered) return undefined;
      const compiled = prepared.compiled();
      const isSame = compiled.kind === 'ready' ? compiled.isSame(watch.variables) : () => false;
      return { body: answered.body, isSame };
    },
  };
}

/** Actions that a mutation asks for, each counted wherever its fragment is spread. */
const rootFields = ({ document, operation }: PreparedQuery) =>
  fieldsWithin([operation.selectionSet], fragmentsOf(document));

/** Notes the name of an operation as soon as it is known, so that a refusal has it, too. */
function noteName({ operation }: PreparedQuery, record: RequestRecord | undefined): void {
  const name = operation.name?.value;
  if (name === undefined) return;
  if (record) record.operation = name;
  currentSpan().setAttribute('graphql.operation.name', name);
}

interface Asked {
  readonly variables: Readonly<Json>;
  readonly extensions?: Readonly<Json> | null | undefined;
  readonly cost?: QueryCost;
}

interface Invalid {
  readonly kind: 'invalid';
  readonly why: string;
}

const OK = { status: 200, headers: {} } as const;

const isFirstVersion = (persistedQuery: unknown): boolean => isObject(persistedQuery) && persistedQuery.version === 1;
