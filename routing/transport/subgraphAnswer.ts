/** An answer of a subgraph, as GraphQL has it. What is odd about one error costs only that: neither the data nor other errors. */
import type { GraphQLFormattedError } from 'graphql';
import { isObject, type Json } from '../../common/json.ts';
import type { GraphqlBody } from '../../server/graphql/question.ts';
import type { Logger } from '../../server/log.ts';
import { errorCodeOf } from './status.ts';
import type { Asking, Reply, Transport } from './transport.ts';

export interface SubgraphAnswer {
  /** Belongs to the one who asked, who may add to it. */
  readonly data?: Readonly<Json> | null | undefined;
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
}

/** Asks a subgraph. Should not reject: an exception costs everything that the question was to bring. */
export type AskSubgraph<C> = (question: GraphqlBody, context: C) => Promise<SubgraphAnswer>;

/** Asks over a transport. What goes wrong becomes one error. @param name of the subgraph */
export const asksOver =
  <A extends Asking>(
    name: 'database' | 'diagnosis' | 'recorder' | 'operator',
    transport: Transport<A>,
    log: Logger,
  ): AskSubgraph<A> =>
  async (question, asking) => {
    const reply = await transport(question, asking);
    const answer = readAnswer(reply);
    if (answer) return answer;
    const { requestId, signal } = asking;
    if (!signal?.aborted) log.error({ requestId, subgraph: name, posted: reply.what }, 'a subgraph did not answer');
    if (name === 'diagnosis') return { data: null, errors: [{ message: 'A subgraph could not be asked.' }] };
    const code = errorCodeOf(reply.status, name);
    return { data: null, errors: [{ message: `The ${name} did not answer. Try again.`, extensions: { code } }] };
  };

/** HTTP statuses of an answer. 400: what the subgraph finds wrong with the request. */
const GRAPHQL_STATUS = [200, 400];

/** Undefined: no answer to a GraphQL request, or one that says nothing. */
export function readAnswer(reply: Reply): SubgraphAnswer | undefined {
  if (reply.status !== 'OK' || !GRAPHQL_STATUS.includes(reply.httpStatus) || !isObject(reply.body)) return undefined;
  const { data, errors } = reply.body;
  if (!isObject(data) && data !== null && data !== undefined) return undefined;
  const told = readErrors(errors);
  if (told.length > 0) return { data, errors: told };
  return data ? { data } : undefined;
}

/** Stands for what a subgraph does not say, or does not say as a text. */
const NO_MESSAGE = 'A subgraph gave an error without a message.';

/** @param errors as the answer has them; what is no list is one error */
export function readErrors(errors: unknown, most = Number.POSITIVE_INFINITY): GraphQLFormattedError[] {
  if (errors === undefined || errors === null) return [];
  const all: readonly unknown[] = Array.isArray(errors) ? errors.slice(0, most) : [errors];
  return all.map(readError);
}

function readError(error: unknown): GraphQLFormattedError {
  if (!isObject(error)) return { message: NO_MESSAGE };
  const { message, path, extensions } = error;
  return {
    message: typeof message === 'string' ? message : NO_MESSAGE,
    ...(isPath(path) && { path }),
    ...(isObject(extensions) && { extensions }),
  };
}

const isPath = (path: unknown): path is (string | number)[] =>
  Array.isArray(path) && path.every((step) => typeof step === 'string' || Number.isInteger(step));
