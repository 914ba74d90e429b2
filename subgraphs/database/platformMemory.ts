/** The platform as this process found it, with the first question, and again where it may have changed. */
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../server/log.ts';
import { type Platform, type PlatformSettings, platformOf } from './platform.ts';
import { coderVersions } from './questions/coderVersions.ts';
import type { TableName } from './tables/described.ts';
import { catalogOf, FIND_TABLES, foundIn, whereaboutsIn } from './tables/found.ts';
import { findIndexes, indexesIn } from './tables/indexesFound.ts';
import { tablesOf } from './tables/sources.ts';
import type { Transaction } from './transaction.ts';
import type { FoundIndexes } from './wantedIndexes.ts';

/** Milliseconds after which changes are seen, such as a revoked right or a table from a migration. */
const LOOKED_AT_AGAIN_MS = 60_000;
/** Milliseconds after which changes are seen while something is lacking, which somebody may be mending. */
const LACKING_LOOKED_AT_AGAIN_MS = 5_000;

interface Known {
  readonly platform: Platform;
  readonly atMs: number;
}

export class PlatformMemory {
  readonly #settings: PlatformSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  #known: Known | undefined;
  /** Indexes, looked for again whenever the platform is. */
  #indexes: FoundIndexes = {};
  /** Versions as last read. They outlive a moment in which no replica writes. */
  #versions: readonly string[] = [];
  #said: string | undefined;

  constructor(settings: PlatformSettings, { clock, log }: { clock: Clock; log: Logger }) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
  }

  /** Platform as last found; undefined: not yet found, or perhaps changed. */
  get known(): Platform | undefined {
    return this.#known?.platform;
  }

  /**
   * Reads the catalog, and the releases that replicas run.
   * @param limitMs milliseconds for each statement
   * @throws GraphQLError `SCHEMA_UNSUPPORTED` if the tables are not those of the setting
   */
  async find(tx: Transaction, limitMs: number): Promise<Platform> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#known && nowMs - this.#known.atMs < holdsForMs(this.#known.platform)) return this.#known.platform;
    this.forget();
    const rows = await tx.$queryRaw<unknown[]>(FIND_TABLES);
    const found = foundIn(rows);
    const first = platformOf(catalogOf(found), this.#settings);
    const versions = await coderVersions(tx, first, found, limitMs);
    if (versions.length > 0) this.#versions = versions;
    const judged = platformOf(catalogOf(found), this.#settings, this.#versions);
    const platform = { ...judged, tables: tablesOf(found, judged, whereaboutsIn(rows)) };
    if (found.chats) this.#remember(platform, nowMs);
    return platform;
  }

  /**
   * Reads the indexes of a table, which it enters, unlike `find`. Undefined: they are those of this project's
   * migrations.
   * @param platform that the reading has found; it may have been forgotten since
   */
  async indexes(tx: Transaction, { name }: Platform, table: TableName): Promise<FoundIndexes | undefined> {
    if (name !== 'coder') return undefined;
    if (!this.#indexes[table]) {
      const found = indexesIn(await tx.$queryRaw<unknown[]>(findIndexes([table])));
      this.#indexes = { ...this.#indexes, [table]: [], ...found };
    }
    return this.#indexes;
  }

  /** Forgets the platform, after a question named something that does not exist. */
  forget(): void {
    this.#known = undefined;
    this.#indexes = {};
  }

  #remember(platform: Platform, atMs: number): void {
    this.#known = { platform, atMs };
    const { name, chats, hasDebugLog, release } = platform;
    const said = `${name} ${release?.from} ${release?.name}`;
    if (this.#said === said) return;
    this.#said = said;
    this.#log.info(
      { platform: name, chats, hasDebugLog, ...(release && { thresholdsOf: release.name ?? 'newest' }) },
      'the platform of the tables was found',
    );
  }
}

/**
 * Milliseconds for which the platform is believed. This project's own complete tables hold for good; where nothing can
 * be answered, each question looks anew.
 */
function holdsForMs({ name, notesUnanswered, tables: { lacks } }: Platform): number {
  if (lacks.some(({ isRequired }) => isRequired)) return 0;
  if (lacks.length > 0) return LACKING_LOOKED_AT_AGAIN_MS;
  return name === 'own' && notesUnanswered ? Number.POSITIVE_INFINITY : LOOKED_AT_AGAIN_MS;
}
