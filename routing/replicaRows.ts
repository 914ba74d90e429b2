/** Reads the replica table, and whose it is, through the database subgraph: as the gateway itself, not as one of its callers. */
import * as z from 'zod';
import { parseUuid } from '../common/uuid.ts';
import { READ_ALL } from '../server/tokens/internalToken.ts';
import type { ReplicaRow, UnreadRow } from './directory.ts';
import type { DatabaseSubgraph } from './transport/databaseSubgraph.ts';
import type { Reply } from './transport/transport.ts';

const FRAGMENT = 'fragment Row on Replica { id relayAddress stoppedAt version }';

const row = z.object({
  id: z.string(),
  relayAddress: z.string(),
  stoppedAt: z.string().nullable(),
  version: z
    .string()
    .regex(/^[\w.+-]{1,64}$/)
    .optional()
    .catch(undefined),
});
/** A moment that cannot be said, on one row: the others are whole. */
const unreadableMoment = z.object({
  path: z.union([
    z.tuple([z.string(), z.literal('stoppedAt')]),
    z.tuple([z.literal('replicas'), z.int(), z.literal('stoppedAt')]),
  ]),
});
/** The rows are from memory then, and the platform is as it was. */
const unknownPlatform = z.object({ path: z.tuple([z.literal('database')], z.unknown()) });
/** The replica table, or a row of it, cannot be read. The list may be from memory then. */
const unreadableTable = z.object({ path: z.tuple([z.string().regex(/^(replicas|r\d+)$/)]) });
const answer = z.object({
  data: z
    .object({ replicas: z.array(row).nullable(), database: z.object({ platform: z.string() }).nullish() })
    .catchall(row.nullable()),
  errors: z.array(z.union([unreadableMoment, unknownPlatform, unreadableTable])).default([]),
});

/** Result of a reading. */
interface ReplicaTable {
  /** Undefined: the table cannot be read, though the platform can be told. */
  readonly rows: readonly (ReplicaRow | UnreadRow)[] | undefined;
  /** Undefined: not to be told now, or by this version of the subgraph. */
  readonly platform: string | undefined;
}

/** A list ends after the newest thousand, so those that must not be missed are asked for one by one. */
function queryFor(ids: readonly string[], more: string): string {
  const one = ids.map((id, i) => `r${i}: replica(id: "${id}") { ...Row }`);
  return `{ replicas(alive: true) { ...Row } ${one.join(' ')} ${more} } ${FRAGMENT}`;
}
const PLATFORM = 'database { platform }';
/** True if the subgraph is of an earlier version, which knows of no platform. */
const isRefused = (reply: Reply): boolean => reply.status === 'OK' && reply.httpStatus === 400;

/**
 * The replicas that are alive, the newest thousand of them, and those of `ids` that there are.
 * @throws if the subgraph does not answer in time, or something else; the message names no address
 */
export async function loadReplicaTable(database: DatabaseSubgraph, ids: readonly string[]): Promise<ReplicaTable> {
  const caller = { sub: 'chat-debug-gateway', roles: [READ_ALL] };
  const known = ids.flatMap((id) => parseUuid(id) ?? []);
  const ask = (more: string) => database.ask({ query: queryFor(known, more) }, { caller });
  const first = await ask(PLATFORM);
  const reply = isRefused(first) ? await ask('') : first;
  const rows = reply.status === 'OK' ? answer.safeParse(reply.body) : undefined;
  if (!rows?.success) throw new Error(`The database subgraph gave no replicas: ${reply.what}`);
  const { replicas, database: found, ...one } = rows.data.data;
  if (!replicas && found) return { rows: undefined, platform: found.platform };
  if (!replicas) throw new Error(`The database subgraph gave no replicas: ${reply.what}`);
  const unreadable = new Set(rows.data.errors.map(({ path }) => path.slice(0, -1).join('.')));
  const failed = new Set(rows.data.errors.map(({ path }) => path.join('.')));
  /** Something stands there, so it has stopped: only the moment is not known. */
  const placed = (row: ReplicaRow, place: string): ReplicaRow =>
    unreadable.has(place) ? { ...row, stoppedAt: row.stoppedAt ?? 'not known' } : row;
  return {
    rows: [
      ...replicas.map((row, i) => placed(row, `replicas.${i}`)),
      ...Object.entries(one).flatMap(([name, row]) => (row ? placed(row, name) : [])),
      ...known.flatMap((id, i) => (failed.has(`r${i}`) ? [{ id, isUnread: true } as const] : [])),
    ],
    platform: found?.platform,
  };
}
