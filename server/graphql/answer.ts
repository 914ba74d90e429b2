/** Answers to GraphQL requests as data, and how each is sent. Refusals are answers like all others: returned, and not thrown. */
import type { FastifyReply } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import type { Json } from '../../common/json.ts';
import { noteCodes, recordOf } from '../requests.ts';
import type { DocumentCode, ErrorCode } from './errors.ts';

/** Without `data` the request is refused as a whole. */
export interface AnswerBody {
  readonly errors?: readonly GraphQLFormattedError[];
  readonly data?: Json | null;
  readonly extensions?: Json;
}

export interface GraphqlAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AnswerBody;
}

/** An answer to a request that is refused as a whole. */
export class Refusal implements GraphqlAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly errors: readonly [GraphQLFormattedError] };

  /** @param message a sentence for the client @param more headers, and extensions of the error beside its code */
  constructor(
    status: number,
    code: ErrorCode | DocumentCode,
    message: string,
    { headers = {}, extensions = {} }: { headers?: Readonly<Record<string, string>>; extensions?: Readonly<Json> } = {},
  ) {
    this.status = status;
    this.headers = headers;
    this.body = { errors: [{ message, extensions: { code, ...extensions } }] };
  }
}

/** No or no valid token. Says nothing about what was wrong with it. */
export const unauthenticated = () =>
  new Refusal(401, 'UNAUTHENTICATED', 'This needs a valid token: send it as `Authorization: Bearer …`.', {
    headers: { 'www-authenticate': 'Bearer' },
  });

/** The identity provider's keys are out of reach: whether the token is good is not known, and asking again may help. */
export const authenticationUnavailable = () =>
  new Refusal(503, 'AUTHENTICATION_UNAVAILABLE', 'The token cannot be checked at the moment. Try again.', {
    headers: { 'retry-after': '5' },
  });

/** Status and headers of an answer, which no cache on the way may keep: it changes from moment to moment. */
export function setHead(reply: FastifyReply, { status, headers }: Omit<GraphqlAnswer, 'body'>): FastifyReply {
  reply.code(status);
  for (const name in headers) reply.header(name, headers[name]);
  return reply.header('cache-control', 'no-store');
}

/** Notes the codes of its errors, too. */
export function sendRefusal(reply: FastifyReply, refusal: GraphqlAnswer): FastifyReply {
  noteCodes(recordOf(reply.request), refusal.body.errors);
  return setHead(reply, refusal).send(refusal.body);
}
