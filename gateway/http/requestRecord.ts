/** What is noted of one request while it is answered: for its line in the log, and for the metrics. */
import type { FastifyRequest } from 'fastify';

export interface RequestRecord {
  /** The `sub` of who asks; undefined: nobody with a good token. */
  caller?: string;
  /** The name of the operation as its client gave it; undefined: none, or the document was not understood. */
  operation?: string;
  /** The estimated cost of the query. */
  cost?: number;
  /** Of the errors in the answer. */
  readonly codes: Set<string>;
  /** One for each share of the request that a replica was, or was not, asked about. */
  asked: readonly { readonly replicaId: string; readonly status: string }[];
}

export const newRecord = (): RequestRecord => ({ codes: new Set(), asked: [] });

const RECORD: unique symbol = Symbol('record');

declare module 'fastify' {
  interface FastifyRequest {
    [RECORD]?: RequestRecord;
  }
}

/** Always the same one for the same request. */
export function recordOf(request: FastifyRequest): RequestRecord {
  request[RECORD] ??= newRecord();
  return request[RECORD];
}
