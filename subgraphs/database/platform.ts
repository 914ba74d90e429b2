/** Whose tables these are, and what is read differently for it. Pure: what the catalog says is read in platformMemory.ts. */
import { type ChosenRelease, chosenRelease } from '../../domain/coderRelease.ts';
import { coderThresholds } from '../../domain/coderThresholds.ts';
import { completeThresholds, type Thresholds } from '../../domain/thresholds.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { CHAT_COLUMNS_READ, neededColumns } from './tables/described.ts';
import { ALL_THERE, type Tables } from './tables/sources.ts';

/** Every question that differs between platforms is handed one. */
export interface Platform {
  readonly name: 'own' | 'coder';
  /** Where chats are read: the view where versions have moved to a table of their own. Locks are those of the table. */
  readonly chats: ChatsRelation;
  /** Whether the tables note which chats are unanswered, as this project's triggers do. */
  readonly notesUnanswered: boolean;
  /** Whether replicas can be asked what they hold. */
  readonly hasRuntime: boolean;
  /** Whether rows of `replicas` may be of other servers, which `"primary"` tells apart. */
  readonly hasOtherServers: boolean;
  /** Whether messages are marked that no person wrote or reads: summaries, notes to the model. */
  readonly marksHidden: boolean;
  /** Whether there is a debug log of model calls, and it may be read. */
  readonly hasDebugLog: boolean;
  readonly thresholds: Thresholds;
  /** By which release the thresholds that are not set were chosen. Undefined: they do not differ between releases. */
  readonly release: ChosenRelease | undefined;
  /** A lease exactly as old as `staleAfterSeconds` is stale; else it is fresh. */
  readonly isStaleAtThreshold: boolean;
  /** A replica's row older than this is stale. */
  readonly replicaStaleAfterSeconds: number;
  /** How many chats all replicas together work on; undefined: each has a limit of its own. */
  readonly capacity: Capacity | undefined;
  /** What the tables lack of what is read, and what stands for it. */
  readonly tables: Tables;
}

export type ChatsRelation = 'chats' | 'chats_expanded';

/** Chats without a parent, and those that another chat started. */
export interface Capacity {
  readonly root: number;
  readonly subagents: number;
}

/** What is set. Thresholds that are left out are the platform's. */
export interface PlatformSettings extends Partial<Thresholds> {
  /** Left out: whichever is found. */
  readonly platform?: 'auto' | Platform['name'] | undefined;
  readonly coderRelease?: string | undefined;
  readonly capacity?: Capacity | undefined;
}

/** Columns by relation, those that are there and those of them that may be read. A relation that is not there has none. */
export type Catalog = ReadonlyMap<
  string,
  { readonly columns: readonly string[]; readonly readable: readonly string[] }
>;

const DEFAULT_CAPACITY: Capacity = { root: 5, subagents: 10 };
const CODER_REPLICA_STALE_SECONDS = 15;

/** Columns that only one platform has. A table may have gained one of the other's: most of them tell. */
const MARKS = {
  own: [['chats', 'unanswered'] as const, ['chat_messages', 'finish_reason'] as const],
  coder: [
    ...[['chats', 'organization_id'] as const, ['chats', 'last_model_config_id'] as const],
    ...[['chats_expanded', 'id'] as const, ['chat_messages', 'content_version'] as const],
  ],
};

const DEBUG_LOG = ['chat_debug_runs', 'chat_debug_steps'] as const;

/**
 * @param versions that live replicas say they run
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
    ...{ hasOtherServers: false, marksHidden: false, hasDebugLog: false },
    ...{
      thresholds,
      release: undefined,
      isStaleAtThreshold: false,
      replicaStaleAfterSeconds: thresholds.staleAfterSeconds,
    },
    ...{ capacity: undefined, tables: ALL_THERE },
  };
}

function coderPlatform(catalog: Catalog, settings: PlatformSettings, versions: readonly string[]): Platform {
  const release = chosenRelease(settings.coderRelease, versions);
  const hasAll = (relation: string, columns: readonly string[]) =>
    columns.every((column) => catalog.get(relation)?.columns.includes(column));
  const mayRead = ([relation, columns]: [string, readonly string[]]) =>
    columns.every((column) => catalog.get(relation)?.readable.includes(column));
  return {
    ...{ name: 'coder', notesUnanswered: false, hasRuntime: false },
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

/** Where chats are read. */
export const chatsOf = ({ chats }: Platform): Prisma.Sql => RELATIONS[chats];
