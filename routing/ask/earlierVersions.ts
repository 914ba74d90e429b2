/**
 * The memory of replicas of an earlier version, as during every upgrade.
 * The first question to one is refused, and asked again without newer fields. Later questions leave those out at once.
 */
import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.ts';
import { DOES_NOT_KNOW_ALL } from '../../domain/reachabilityReasons.ts';
import { type ShareAnswer, withOutcome } from './share.ts';
import { queryFor } from './since.ts';

/** Time after which a version is asked for all again: its replicas may be gone, or others of the same number know more. */
const FORGOTTEN_AFTER_MS = 10 * 60 * 1_000;
/** Versions that are remembered. */
const MAX_VERSIONS = 100;
/** Characters of the queries that are remembered for one schema. */
const MAX_CACHED_CHARACTERS = 60_000;

interface Versioned {
  /** Says by `@since` which fields are newer than which version. */
  readonly schema: GraphQLSchema;
  readonly query: string;
  /** The replica's, as its row has it. */
  readonly version: string | undefined;
  /** Stands for the version where it is not known. */
  readonly replicaId: string;
}

export interface EarlierVersions {
  /** Sends the query as far as the replica's version is known to have it. Sends once more what was refused for its version. */
  send(versioned: Versioned, send: (query: string) => Promise<ShareAnswer>): Promise<ShareAnswer>;
}

export function makeEarlierVersions(clock: Clock): EarlierVersions {
  const learntAtMs = new LRUCache<string, number>({ max: MAX_VERSIONS });
  const shortened = new WeakMap<GraphQLSchema, LRUCache<string, { readonly query: string | undefined }>>();

  const isEarlier = (key: string): boolean => {
    const atMs = learntAtMs.get(key);
    if (atMs === undefined) return false;
    if (clock.monotonicMs() - atMs < FORGOTTEN_AFTER_MS) return true;
    learntAtMs.delete(key);
    return false;
  };

  /** Undefined: nothing in the query is newer. */
  const shorten = ({ schema, query, version }: Versioned): string | undefined => {
    const ofSchema =
      shortened.get(schema) ??
      new LRUCache({ maxSize: MAX_CACHED_CHARACTERS, sizeCalculation: (_, text) => text.length });
    shortened.set(schema, ofSchema);
    const text = `${version} ${query}`;
    const known = ofSchema.get(text);
    if (known) return known.query;
    const short = queryFor(schema, query, version);
    ofSchema.set(text, { query: short });
    return short;
  };

  return {
    send: async (versioned, send) => {
      const { query, version, replicaId } = versioned;
      const key = version ?? replicaId;
      const first = isEarlier(key) ? undefined : await send(query);
      if (first && first.cause !== 'version') return first;
      const short = shorten(versioned);
      if (short === undefined) return inWords(version, first ?? (await send(query)));
      const sent = await send(short);
      if (first && sent.entities) learntAtMs.set(key, clock.monotonicMs());
      const attempts = sent.attempts && sent.attempts + (first?.attempts ?? 0);
      return inWords(version, { ...sent, attempts, ...(sent.entities && { withheld: lacking(version) }) });
    },
  };
}

const inWords = (version: string | undefined, answer: ShareAnswer): ShareAnswer =>
  answer.cause === 'version' ? withOutcome(answer, { reason: lacking(version) }) : answer;

/** Each start of a replica has a new id, so the version in the row of that id is the one that runs. */
const lacking = (version: string | undefined) =>
  `It runs ${version === undefined ? 'a version that' : `version ${version}, which`} ${DOES_NOT_KNOW_ALL}`;
