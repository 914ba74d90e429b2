/** The platform as this process found it. Looked at with the first question, and again where it may have changed. */
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../common/log.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { CATALOG_RELATIONS, type Platform, type PlatformSettings, platformOf } from './platform.ts';
import type { Transaction } from './transaction.ts';

/** What can still change, such as a right that is granted or a table that a migration makes, is seen after so long. */
const LOOKED_AT_AGAIN_MS = 60_000;

interface Known {
  readonly platform: Platform;
  readonly atMs: number;
}

export class PlatformMemory {
  readonly #settings: PlatformSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  #known: Known | undefined;
  #said: Platform['name'] | undefined;

  constructor(settings: PlatformSettings, { clock, log }: { clock: Clock; log: Logger }) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
  }

  /** As it was last found; undefined: it was not yet, or may have changed. */
  get known(): Platform | undefined {
    return this.#known?.platform;
  }

  /** Reads the catalog alone. @throws GraphQLError `SCHEMA_UNSUPPORTED` if the tables are not those that are set */
  async find(tx: Transaction): Promise<Platform> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#known && (isFinal(this.#known.platform) || nowMs - this.#known.atMs < LOOKED_AT_AGAIN_MS)) {
      return this.#known.platform;
    }
    this.#known = undefined;
    const rows = await tx.$queryRaw<CatalogRow[]>(CATALOG);
    const platform = platformOf(new Map(rows.map((row) => [row.relation, row])), this.#settings);
    if (rows.some(({ relation, columns }) => relation === 'chats' && columns.length > 0))
      this.#remember(platform, nowMs);
    return platform;
  }

  /** A question named something that is not there. */
  forget(): void {
    this.#known = undefined;
  }

  #remember(platform: Platform, atMs: number): void {
    this.#known = { platform, atMs };
    if (this.#said === platform.name) return;
    this.#said = platform.name;
    const { name, chats, hasDebugLog } = platform;
    this.#log.info({ platform: name, chats, hasDebugLog }, 'the platform of the tables was found');
  }
}

/** This project's own tables as they are now. */
const isFinal = ({ name, notesUnanswered }: Platform): boolean => name === 'own' && notesUnanswered;

interface CatalogRow {
  readonly relation: string;
  readonly columns: readonly string[];
  readonly readable: readonly string[];
}

const CATALOG = Prisma.sql`
  SELECT r.name AS relation, COALESCE(array_agg(a.attname::text) FILTER (WHERE a.attname IS NOT NULL), '{}') AS columns,
    COALESCE(array_agg(a.attname::text) FILTER (WHERE has_column_privilege(a.attrelid, a.attnum, 'SELECT')), '{}') AS readable
  FROM unnest(${[...CATALOG_RELATIONS]}::text[]) AS r (name)
  LEFT JOIN pg_attribute AS a ON a.attrelid = to_regclass(r.name) AND a.attnum > 0 AND NOT a.attisdropped
  GROUP BY r.name`;
