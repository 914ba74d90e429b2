/** Tells an answer of a replica from everything else that may come back from its address. */
import * as z from 'zod';
import { isObject, type Json } from '../../common/json.ts';
import { parseUuid } from '../../common/uuid.ts';
import { cut } from '../../domain/cut.ts';
import { DOES_NOT_KNOW_ALL } from '../../domain/reachabilityReasons.ts';
import type { ReachabilityStatus } from '../transport/status.ts';
import { readErrors } from '../transport/subgraphAnswer.ts';
import type { Reply } from '../transport/transport.ts';
import { type Share, type ShareAnswer, withoutAnswer } from './share.ts';

/** HTTP status of a replica that takes no token of ours: secrets or clocks differ, which says nothing of how it does. */
const UNAUTHENTICATED = 401;
/** HTTP status for a query that is not valid by the replica's schema. */
const BAD_REQUEST = 400;
/** HTTP's word for "you have reached the wrong server": the request's token is for another replica. */
export const MISDIRECTED = 421;
/**
 * Limit for an answer. A replica is trusted less than the database subgraph: reading whatever fits must neither hold up all
 * other requests for long nor fill the memory. A thousand runners with all that is known of them need less than half of it.
 */
export const MAX_REPLICA_ANSWER_BYTES = 4 * 1024 * 1024;
/** Limit for the errors of one replica: more say nothing new. */
export const MAX_ERRORS = 100;
/** Limit for the text of an error, and for a value in a refusal. */
const MAX_MESSAGE_CHARACTERS = 500;

const refusal = z.object({
  errors: z.tuple([
    z.object({
      extensions: z.object({
        code: z.literal('REPLICA_REFUSED'),
        localWorkerId: z.string(),
        fields: z
          .record(z.string(), z.union([z.string().max(MAX_MESSAGE_CHARACTERS), z.number(), z.boolean(), z.null()]))
          .default({}),
      }),
    }),
  ]),
});

/** Refusal of a query that is not valid there. A replica looks at the token first, so this is the right one. */
const invalidThere = z.object({
  data: z.undefined().optional(),
  errors: z.array(z.object({ extensions: z.object({ code: z.literal('GRAPHQL_VALIDATION_FAILED') }) })).min(1),
});

/** @param timeoutMs what there was, for the reason */
export function readReplicaAnswer(share: Share, reply: Reply, timeoutMs: number): ShareAnswer {
  if (reply.status === 'OK') return reply.httpStatus === MISDIRECTED ? readRefusal(share, reply) : read(share, reply);
  return brokenAnswer(share, reply, timeoutMs);
}

/** The share's answer where no JSON came back. @param timeoutMs what there was, for the reason */
export function brokenAnswer(
  share: Share,
  { status, what }: Exclude<Reply, { status: 'OK' }>,
  timeoutMs: number,
): ShareAnswer {
  switch (status) {
    case 'UNREACHABLE':
      return none(share, status, brokenReason(what));
    case 'TIMED_OUT':
      return none(share, status, `No answer within ${timeoutMs} ms.`);
    case 'BAD_ANSWER':
      return notAnAnswer(share, what);
    default:
      return status satisfies never;
  }
}

type JsonReply = Extract<Reply, { status: 'OK' }>;

const none = (share: Share, status: ReachabilityStatus, reason: string): ShareAnswer => ({
  ...withoutAnswer(share, status, reason),
  attempts: 1,
});

const brokenReason = (code: string) =>
  code === 'ECONNREFUSED'
    ? `Nothing listens at its address (${code}).`
    : `The connection failed, or broke before there was an answer (${code}).`;

/** @param what names what came back, without an address or its content */
export const notAnAnswer = (share: Share, what: string): ShareAnswer =>
  none(share, 'BAD_ANSWER', `What came back is not an answer of a replica: ${what}.`);

/** The replica takes no token of ours. */
export const refusedToken = (share: Share, what: string): ShareAnswer => ({
  ...notAnAnswer(share, what),
  cause: 'token',
});

/** Another replica has the address. @param fields that are known all the same, by name */
export const refusedBy = (share: Share, localWorkerId: string, fields: Readonly<Json>): ShareAnswer => ({
  ...none(share, 'REFUSED', `Another replica answers at its address: ${localWorkerId}.`),
  fields,
});

function readRefusal(share: Share, { body, what }: JsonReply): ShareAnswer {
  const refused = refusal.safeParse(body).data?.errors[0].extensions;
  const localWorkerId = parseUuid(refused?.localWorkerId);
  if (!refused || localWorkerId === undefined) return notAnAnswer(share, what);
  return refusedBy(share, localWorkerId, refused.fields);
}

function read(share: Share, { httpStatus, body, what }: JsonReply): ShareAnswer {
  if (httpStatus === BAD_REQUEST && invalidThere.safeParse(body).success) {
    return { ...none(share, 'REFUSED', `It ${DOES_NOT_KNOW_ALL}`), cause: 'version' };
  }
  const entities = httpStatus === 200 ? entitiesIn(body) : undefined;
  if (!entities) return httpStatus === UNAUTHENTICATED ? refusedToken(share, what) : notAnAnswer(share, what);
  const expected = share.representations.length;
  if (entities.length !== expected)
    return notAnAnswer(share, `${what}, ${entities.length} entities instead of ${expected}`);
  const told = isObject(body) ? readErrors(body.errors, MAX_ERRORS) : [];
  const errors = told.map(({ message, ...rest }) => ({ message: cut(message, MAX_MESSAGE_CHARACTERS - 1), ...rest }));
  return { share, outcome: OK, attempts: 1, entities, errors };
}

/** Outcome of a replica that answered. */
export const OK = { status: 'OK', elapsedMs: 0, address: null, reason: null } as const;

/** Read by hand: a schema would cost as much again as to parse the answer. */
function entitiesIn(body: unknown): unknown[] | undefined {
  const list = isObject(body) && isObject(body.data) ? body.data._entities : undefined;
  return Array.isArray(list) ? list : undefined;
}
