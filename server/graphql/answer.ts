/** Answers to GraphQL requests, as data. Refusals are answers, too: they are returned, and not thrown. */
import type { FastifyReply } from 'fastify';
import type { GraphQLFormattedError } from 'graphql';
import type { Json } from '../../common/json.ts';
import { noteCodes, recordOf } from '../requests.ts';
import type { DocumentCode, ErrorCode } from './errors.ts';

/** Body of an answer. One without `data` refuses the request as a whole. */
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

/** Answer to a request that is refused as a whole. */
export class Refusal implements GraphqlAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly errors: readonly [GraphQLFormattedError] };

  /** @param message a sentence for the client @param extensions of the error, beside its code */
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

/** Refuses a request without a valid token. Says nothing about what was wrong with it. */
export const unauthenticated = () =>
  new Refusal(401, 'UNAUTHENTICATED', 'This needs a valid token: send it as `Authorization: Bearer …`.', {
    headers: { 'www-authenticate': 'Bearer' },
  });

/** Refuses a mutation that stood in a URL: such a request may come again by itself, or from a link. */
export const mutationInUrl = () =>
  new Refusal(405, 'BAD_REQUEST', 'A mutation is answered by POST only.', { headers: { allow: 'POST' } });

/** Refuses a request whose token cannot be checked, since the identity provider's keys are out of reach. Asking again may help. */
export const authenticationUnavailable = () =>
  new Refusal(503, 'AUTHENTICATION_UNAVAILABLE', 'The token cannot be checked at the moment. Try again.', {
    headers: { 'retry-after': '5' },
  });

/** Sets the status and headers of an answer. No cache on the way may keep it: it changes from moment to moment. */
export function setHead(reply: FastifyReply, { status, headers }: Omit<GraphqlAnswer, 'body'>): FastifyReply {
  reply.code(status);
  for (const name in headers) reply.header(name, headers[name]);
  return reply.header('cache-control', 'no-store');
}

/** Sends a refusal and notes its codes. */
export function sendRefusal(reply: FastifyReply, refusal: GraphqlAnswer): FastifyReply {
  noteCodes(recordOf(reply.request), refusal.body.errors);
  return setHead(reply, refusal).send(refusal.body);
}
