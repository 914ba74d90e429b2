/** Tells an answer of a replica from everything else that may come back from its address. */
import { z } from 'zod';
import { isObject } from '../../common/json.ts';
import { DOES_NOT_KNOW_ALL } from '../../domain/reachabilityReasons.ts';
import { parseUuid } from '../../server/graphql/scalars.ts';
import type { ReachabilityStatus } from '../transport/status.ts';
import { readErrors } from '../transport/subgraphAnswer.ts';
import type { Reply } from '../transport/transport.ts';
import { type Share, type ShareAnswer, withoutAnswer } from './share.ts';

/** HTTP status of a replica that takes no token of ours: secrets or clocks differ, which says nothing of how it does. */
const UNAUTHENTICATED = 401;
/** HTTP status for a query that is not valid by the replica's schema. */
const BAD_REQUEST = 400;
/** HTTP's word for "you have reached the wrong server": the request's token is for another replica. */
const MISDIRECTED = 421;
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
  const { status, what } = reply;
  switch (status) {
    case 'UNREACHABLE':
      return none(share, status, brokenReason(what));
    case 'TIMED_OUT':
      return none(share, status, `No answer within ${timeoutMs} ms.`);
    case 'BAD_ANSWER':
      return badAnswer(share, what);
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

const badAnswer = (share: Share, what: string): ShareAnswer =>
  none(share, 'BAD_ANSWER', `What came back is not an answer of a replica: ${what}.`);

function readRefusal(share: Share, { body, what }: JsonReply): ShareAnswer {
  const refused = refusal.safeParse(body).data?.errors[0].extensions;
  const localWorkerId = parseUuid(refused?.localWorkerId);
  if (!refused || localWorkerId === undefined) return badAnswer(share, what);
  const reason = `Another replica answers at its address: ${localWorkerId}.`;
  return { ...none(share, 'REFUSED', reason), fields: refused.fields };
}

function read(share: Share, { httpStatus, body, what }: JsonReply): ShareAnswer {
  if (httpStatus === BAD_REQUEST && invalidThere.safeParse(body).success) {
    return { ...none(share, 'REFUSED', `It ${DOES_NOT_KNOW_ALL}`), cause: 'version' };
  }
  const entities = httpStatus === 200 ? entitiesIn(body) : undefined;
  if (!entities) return { ...badAnswer(share, what), ...(httpStatus === UNAUTHENTICATED && { cause: 'token' }) };
  const expected = share.representations.length;
  if (entities.length !== expected)
    return badAnswer(share, `${what}, ${entities.length} entities instead of ${expected}`);
  const told = isObject(body) ? readErrors(body.errors, MAX_ERRORS) : [];
  const errors = told.map(({ message, ...rest }) => ({ message: message.slice(0, MAX_MESSAGE_CHARACTERS), ...rest }));
  return { share, outcome: OK, attempts: 1, entities, errors };
}

const OK = { status: 'OK', elapsedMs: 0, address: null, reason: null } as const;

/** Read by hand: a schema would cost as much again as to parse the answer. */
function entitiesIn(body: unknown): unknown[] | undefined {
  const list = isObject(body) && isObject(body.data) ? body.data._entities : undefined;
  return Array.isArray(list) ? list : undefined;
}
