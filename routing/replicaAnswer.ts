/** Tells an answer of a replica from everything else that may come back from its address. */
import type { GraphQLFormattedError } from 'graphql';
import { z } from 'zod';
import { isObject } from '../common/json.ts';
import { parseUuid } from '../server/graphql/scalars.ts';
import type { Posted } from './transport/postGraphql.ts';
import { readErrors } from './transport/subgraphErrors.ts';

/** It takes no token of ours: our secrets or clocks differ, which says nothing of how it does. */
const UNAUTHENTICATED = 401;
/** The query is not valid by its schema. */
const BAD_REQUEST = 400;
/**
 * A replica is trusted less than the database subgraph: reading whatever fits must neither hold up all other requests for
 * long nor fill the memory. A thousand runners with all that is known of them need less than half of it.
 */
export const MAX_REPLICA_ANSWER_BYTES = 4 * 1024 * 1024;
/** Of one answer: more say nothing new. */
const MAX_ERRORS = 100;
/** Of the text of an error, and of a value in a refusal. */
const MAX_MESSAGE_CHARACTERS = 500;
/** HTTP's word for "you have reached the wrong server": the request's token is for another replica. */
const MISDIRECTED = 421;

/** Why there is no answer. `fields`: values, by field name, that a refusal gives all the same. */
export interface Failure {
  readonly kind: 'UNREACHABLE' | 'TIMED_OUT' | 'REFUSED' | 'BAD_ANSWER';
  /** A sentence without an address. */
  readonly reason: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The token was not taken. */
  readonly isOfToken?: boolean;
  /** The token was taken, but the replica's schema is of another version and lacks what was asked for. */
  readonly isOfVersion?: boolean;
}

export interface Entities {
  readonly kind: 'OK';
  readonly entities: readonly unknown[];
  /** They were just parsed, and nobody else holds them. */
  readonly isFresh: true;
  readonly errors: readonly GraphQLFormattedError[];
}

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

/** A replica looks at the token before it looks at the query: whoever gets this has reached the right one. */
const invalidThere = z.object({
  data: z.undefined().optional(),
  errors: z.array(z.object({ extensions: z.object({ code: z.literal('GRAPHQL_VALIDATION_FAILED') }) })).min(1),
});

/** @param expected as many entities as the replica was asked for */
export function readReplicaAnswer(posted: Exclude<Posted, { kind: 'aborted' }>, expected: number): Entities | Failure {
  switch (posted.kind) {
    case 'broken':
      return { kind: 'UNREACHABLE', reason: brokenReason(posted.code) };
    case 'other':
      return badAnswer(posted.what);
    case 'json':
      return posted.status === MISDIRECTED ? readRefusal(posted) : readEntities(posted, expected);
    default:
      return posted satisfies never;
  }
}

type JsonAnswer = Extract<Posted, { kind: 'json' }>;

const brokenReason = (code: string) =>
  code === 'ECONNREFUSED'
    ? `Nothing listens at its address (${code}).`
    : `The connection failed, or broke before there was an answer (${code}).`;

const badAnswer = (what: string): Failure => ({
  kind: 'BAD_ANSWER',
  reason: `What came back is not an answer of a replica: ${what}.`,
});

const received = ({ status, mediaType }: JsonAnswer) => `HTTP ${status}, ${mediaType}`;

function readRefusal(posted: JsonAnswer): Failure {
  const read = refusal.safeParse(posted.body);
  const localWorkerId = parseUuid(read.data?.errors[0].extensions.localWorkerId);
  if (!read.data || localWorkerId === undefined) return badAnswer(received(posted));
  return {
    kind: 'REFUSED',
    reason: `Another replica answers at its address: ${localWorkerId}.`,
    fields: read.data.errors[0].extensions.fields,
  };
}

function readEntities(posted: JsonAnswer, expected: number): Entities | Failure {
  if (posted.status === BAD_REQUEST && invalidThere.safeParse(posted.body).success) {
    return { kind: 'REFUSED', reason: 'It does not know all that was asked.', isOfVersion: true };
  }
  const entities = posted.status === 200 ? entitiesIn(posted.body) : undefined;
  if (!entities) return { ...badAnswer(received(posted)), isOfToken: posted.status === UNAUTHENTICATED };
  if (entities.length !== expected) {
    return badAnswer(`${received(posted)}, ${entities.length} entities instead of ${expected}`);
  }
  const errors = isObject(posted.body) ? readErrors(posted.body.errors, MAX_ERRORS) : [];
  const known = errors.map(({ message, ...rest }) => ({ message: message.slice(0, MAX_MESSAGE_CHARACTERS), ...rest }));
  return { kind: 'OK', entities, isFresh: true, errors: known };
}

/** By hand, for a schema would cost as much again as to parse the answer. */
function entitiesIn(body: unknown): unknown[] | undefined {
  const list = isObject(body) && isObject(body.data) ? body.data._entities : undefined;
  return Array.isArray(list) ? list : undefined;
}
