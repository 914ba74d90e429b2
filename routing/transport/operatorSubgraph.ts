/** The operator as the gateway sees it: its subgraph of actions, in another process. */
import {
  type GraphQLFormattedError,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  valueFromASTUntyped,
} from 'graphql';
import type { Json } from '../../common/json.ts';
import { LOOKED_BEFORE_MS } from '../../domain/actions/resolution.ts';
import type { GraphqlBody } from '../../server/graphql/question.ts';
import type { Logger } from '../../server/log.ts';
import { makeDispatcher, overHttp } from './overHttp.ts';
import { type AskSubgraph, asksOver, readAnswer } from './subgraphAnswer.ts';
import { type Asking, isMutation, type Reply, type Transport } from './transport.ts';

/** Name in the supergraph, which is the audience of its tokens. */
const NAME = 'operator';

/**
 * Times that a statement's limit may pass in one action.
 * An action reads the chat, waits for a key, for a row, and for its own statements.
 */
const STATEMENTS_WAITED_FOR = 4;
const GRACE_MS = 500;

export interface OperatorSubgraph {
  readonly ask: Transport;
  /** Ends what is still asked. */
  close(): Promise<void>;
}

export interface OperatorOverHttpOptions {
  /** GraphQL endpoint. */
  readonly url: string;
  /** Milliseconds that the operator waits for one statement. */
  readonly databaseTimeoutMs: number;
}

/** Connects to nothing yet. Whoever makes it closes it. */
export function operatorOverHttp(
  { url, databaseTimeoutMs }: OperatorOverHttpOptions,
  internalSecret: string,
): OperatorSubgraph {
  const dispatcher = makeDispatcher({ timeout: databaseTimeoutMs });
  return {
    ask: overHttp({
      ...{ dispatcher, url: new URL(url), internalSecret, audience: NAME, peer: NAME },
      timeoutMs: LOOKED_BEFORE_MS + STATEMENTS_WAITED_FOR * databaseTimeoutMs + GRACE_MS,
    }),
    close: () => dispatcher.destroy(),
  };
}

/** Asks the operator. An action whose answer is lost is an error of its field, with the key that settles it. */
export function asksOperator<A extends Asking>(transport: Transport<A>, log: Logger): AskSubgraph<A> {
  const asks = asksOver(NAME, transport, log);
  return async (question, asking) => {
    if (!isMutation(question)) return asks(question, asking);
    const reply = await transport(question, asking);
    const answer = readAnswer(reply);
    if (answer) return answer;
    const { requestId } = asking;
    log.error({ requestId, subgraph: NAME, posted: reply.what }, 'an action was not answered');
    return { data: null, errors: wasSent(reply) ? errorsOf(question, uncertain) : errorsOf(question, unavailable) };
  };
}

/** Failures of connecting, after which nothing was sent. */
const NOT_CONNECTED = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  'UND_ERR_CONNECT_TIMEOUT',
];
const wasSent = ({ status, what }: Reply) => !(status === 'UNREACHABLE' && NOT_CONNECTED.includes(what));

const uncertain = (idempotencyKey: unknown) =>
  idempotencyKey === undefined ? UNCERTAIN_PLAN : uncertainAction(idempotencyKey);
const UNCERTAIN_PLAN = {
  message: 'It is not known whether this was done: the answer was lost. Look at `actionPlans` before you ask again.',
  extensions: { code: 'ACTION_UNCERTAIN' },
};
const uncertainAction = (idempotencyKey: unknown) => ({
  message:
    'It is not known whether this was done: the answer was lost. Send it again with the same key, or ask for `actionRecord`.',
  extensions: { code: 'ACTION_UNCERTAIN', idempotencyKey },
});
const unavailable = () => ({
  message: 'The operator cannot be reached. Nothing was done. Try again.',
  extensions: { code: 'OPERATOR_UNAVAILABLE' },
});

/** One error for each root field of a mutation. @param makes of the field's key */
function errorsOf(
  { query, variables = {}, operationName }: GraphqlBody,
  makes: (idempotencyKey: unknown) => GraphQLFormattedError,
): GraphQLFormattedError[] {
  const operation = getOperationAST(parse(query), operationName);
  return fieldsOf(operation).map(({ key, idempotencyKey }) => ({ ...makes(idempotencyKey(variables)), path: [key] }));
}

interface RootField {
  /** Name in the answer. */
  readonly key: string;
  readonly idempotencyKey: (variables: Readonly<Json>) => unknown;
}

/** Root fields of a plan's mutation, which has neither fragments nor conditions there. */
function fieldsOf(operation: OperationDefinitionNode | null | undefined): RootField[] {
  return (operation?.selectionSet.selections ?? []).flatMap((node) => {
    if (node.kind !== Kind.FIELD) return [];
    const value = node.arguments?.find(({ name }) => name.value === 'idempotencyKey')?.value;
    const idempotencyKey = (variables: Readonly<Json>) => value && valueFromASTUntyped(value, variables);
    return [{ key: (node.alias ?? node.name).value, idempotencyKey }];
  });
}
