/** The platform of the tables, and what is read differently on it. Pure: platformMemory.ts reads the catalog. */
import { type ChosenRelease, chosenRelease } from '../../domain/coderRelease.ts';
import { coderThresholds } from '../../domain/coderThresholds.ts';
import type { PlatformName } from '../../domain/platformName.ts';
import { completeThresholds, type Thresholds } from '../../domain/thresholds.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { CHAT_COLUMNS_READ, neededColumns } from './tables/described.ts';
import { ALL_THERE, isReadable, type Tables } from './tables/sources.ts';

/** Differences between platforms, handed to every question that depends on them. */
export interface Platform {
  readonly name: PlatformName;
  /** Relation from which chats are read: a view, where versions have a table of their own. Locks are the table's. */
  readonly chats: ChatsRelation;
  /** True if the tables mark unanswered chats, as this project's triggers do. */
  readonly notesUnanswered: boolean;
  /** True if replicas can be asked for their memory. */
  readonly hasRuntime: boolean;
  /** True if rows of `replicas` may belong to other servers, told apart by `"primary"`. */
  readonly hasOtherServers: boolean;
  /** True if messages are marked that no person wrote or reads: summaries, notes to the model. */
  readonly marksHidden: boolean;
  /** True if there is a debug log of model calls that may be read. */
  readonly hasDebugLog: boolean;
  /** False: events of chats are not read, by setting or because the platform has none. */
  readonly readsHistory: boolean;
  readonly thresholds: Thresholds;
  /** Release that chose the thresholds that are not set; undefined: releases do not differ. */
  readonly release: ChosenRelease | undefined;
  /** True if a lease exactly as old as `staleAfterSeconds` is stale. */
  readonly isStaleAtThreshold: boolean;
  /** Age in seconds from which a replica's row is stale. */
  readonly replicaStaleAfterSeconds: number;
  /** Number of chats that all replicas together work on; undefined: each replica has a limit of its own. */
  readonly capacity: Capacity | undefined;
  /** Lacks of the tables, and what is read in their place. */
  readonly tables: Tables;
}

/** True if the history of chats can be read. */
export const keepsHistory = ({ readsHistory, tables }: Pick<Platform, 'readsHistory' | 'tables'>): boolean =>
  readsHistory && isReadable(tables, 'chat_events');

type ChatsRelation = 'chats' | 'chats_expanded';

/** Slots for chats without a parent, and for chats that another chat started. */
export interface Capacity {
  readonly root: number;
  readonly subagents: number;
}

/** Settings. Thresholds that are left out are the platform's. */
export interface PlatformSettings extends Partial<Thresholds> {
  /** Platform of the tables; left out: the one that is found. */
  readonly platform?: 'auto' | Platform['name'] | undefined;
  readonly coderRelease?: string | undefined;
  readonly capacity?: Capacity | undefined;
  /** False: events of chats are not read. */
  readonly readsHistory?: boolean | undefined;
}

/** Columns by relation: all, and those that may be read. A missing relation has no entry. */
type Catalog = ReadonlyMap<
  string,
  { readonly columns: readonly string[]; readonly readable: readonly string[]; readonly isView?: boolean }
>;

const DEFAULT_CAPACITY: Capacity = { root: 5, subagents: 10 };
const CODER_REPLICA_STALE_SECONDS = 15;

/** Columns that only one platform has. A table may have gained one of the other's, so the majority decides. */
const MARKS = {
  own: [['chats', 'unanswered'] as const, ['chat_messages', 'finish_reason'] as const],
  coder: [
    ...[['chats', 'organization_id'] as const, ['chats', 'last_model_config_id'] as const],
    ...[['chats_expanded', 'id'] as const, ['chat_messages', 'content_version'] as const],
  ],
};

const DEBUG_LOG = ['chat_debug_runs', 'chat_debug_steps'] as const;

/**
 * @param versions of live replicas, by their own words
 * @throws GraphQLError `SCHEMA_UNSUPPORTED` if the tables are not those of the platform that is set
 */
export function platformOf(catalog: Catalog, settings: PlatformSettings, versions: readonly string[] = []): Platform {
  const has = ([relation, column]: readonly [string, string]) =>
    catalog.get(relation)?.columns.includes(column) === true;
  const marks = { own: MARKS.own.filter(has).length, coder: MARKS.coder.filter(has).length };
  const { platform: set = 'auto' } = settings;
  if (set === 'coder' && marks.own > 0 && marks.coder === 0) throw contradicted(set, "this project's own");
  if (set === 'own' && marks.coder > 0 && marks.own === 0) throw contradicted(set, 'those of a Coder deployment');
  const isCoder = set === 'auto' ? marks.coder > marks.own : set === 'coder';
  const isUnmarkedView = marks.own === 0 && catalog.get('chats')?.isView === true;
  if (set === 'views' || (set === 'auto' && !isCoder && isUnmarkedView)) return viewsPlatform(settings);
  return isCoder
    ? coderPlatform(catalog, settings, versions)
    : ownPlatform(settings, catalog.get('chats')?.readable.includes('unanswered') === true);
}

const contradicted = (set: string, found: string) =>
  clientError(
    'SCHEMA_UNSUPPORTED',
    `PLATFORM is \`${set}\`, and the tables are ${found}. Correct PLATFORM, or unset it; or correct DATABASE_URL.`,
  );

export function ownPlatform(settings: PlatformSettings, notesUnanswered: boolean): Platform {
  const thresholds = completeThresholds(settings);
  return {
    ...{ name: 'own', chats: 'chats', notesUnanswered, hasRuntime: true },
    ...{ hasOtherServers: false, marksHidden: false, hasDebugLog: false, readsHistory: settings.readsHistory ?? true },
    ...{
      thresholds,
      release: undefined,
      isStaleAtThreshold: false,
      replicaStaleAfterSeconds: thresholds.staleAfterSeconds,
    },
    ...{ capacity: undefined, tables: ALL_THERE },
  };
}

/** Platform of views over tables of somebody else: no column means what only this project's or Coder's worker writes. */
const viewsPlatform = (settings: PlatformSettings): Platform => ({
  ...ownPlatform({ ...settings, readsHistory: false }, false),
  name: 'views',
});

function coderPlatform(catalog: Catalog, settings: PlatformSettings, versions: readonly string[]): Platform {
  const release = chosenRelease(settings.coderRelease, versions);
  const hasAll = (relation: string, columns: readonly string[]) =>
    columns.every((column) => catalog.get(relation)?.columns.includes(column));
  const mayRead = ([relation, columns]: [string, readonly string[]]) =>
    columns.every((column) => catalog.get(relation)?.readable.includes(column));
  return {
    ...{ name: 'coder', notesUnanswered: false, hasRuntime: false, readsHistory: false },
    chats:
      !hasAll('chats', CHAT_COLUMNS_READ) && hasAll('chats_expanded', CHAT_COLUMNS_READ) ? 'chats_expanded' : 'chats',
    hasOtherServers: hasAll('replicas', ['primary']),
    marksHidden: mayRead(['chat_messages', ['compressed', 'visibility']]),
    hasDebugLog: DEBUG_LOG.every((table) => mayRead([table, neededColumns(table)])),
    thresholds: completeThresholds({ ...coderThresholds(release.name), ...definedOf(settings) }),
    release,
    isStaleAtThreshold: true,
    replicaStaleAfterSeconds: CODER_REPLICA_STALE_SECONDS,
    capacity: settings.capacity ?? DEFAULT_CAPACITY,
    tables: ALL_THERE,
  };
}

const definedOf = (settings: PlatformSettings): Partial<Thresholds> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

const RELATIONS: Readonly<Record<ChatsRelation, Prisma.Sql>> = {
  chats: Prisma.sql`chats`,
  chats_expanded: Prisma.sql`chats_expanded`,
};

/**
 * Chats behind a view, where a column that it does not know is null. A chat of which nobody knows is not archived. One
 * without an id is left out, because nobody can name it.
 */
const SHOWN_BY_VIEW = Prisma.sql`
  (SELECT ${Prisma.raw(
    CHAT_COLUMNS_READ.map((name) => (name === 'archived' ? 'COALESCE(archived, false) AS archived' : name)).join(', '),
  )} FROM chats WHERE id IS NOT NULL)`;

/** Relation from which chats are read, as SQL. */
export const chatsOf = ({ name, chats }: Pick<Platform, 'name' | 'chats'>): Prisma.Sql =>
  name === 'views' ? SHOWN_BY_VIEW : RELATIONS[chats];
