/** The report of `npm run check`, as data. Pure. */
import type { ChosenRelease } from '../../domain/coderRelease.ts';
import type { Thresholds } from '../../domain/thresholds.ts';
import type { Capacity } from '../../subgraphs/database/platform.ts';
import { type PlatformRead, relationOf, TYPES, tableRead } from '../../subgraphs/database/tables/described.ts';
import {
  columnsOn,
  type Lack,
  lacksOf,
  nameOf,
  type State,
  stateOf,
  tablesOn,
} from '../../subgraphs/database/tables/lacks.ts';
import { indexStatement, lackingIndexes } from '../../subgraphs/database/wantedIndexes.ts';
import { corrections } from './corrections.ts';
import type { Examined } from './examined.ts';
import { unknownOf } from './unknown.ts';

/**
 * Extent of the answers. `IN_PART`: some columns are missing. `NOT_AT_ALL`: this service is not ready on the database.
 */
type Answers = 'ALL' | 'IN_PART' | 'NOT_AT_ALL';

export interface ColumnReport {
  readonly name: string;
  readonly state: State;
  /** Type of the column; null: the column does not exist. */
  readonly type: string | null;
  /** Types that are read; null: any. */
  readonly read: readonly string[] | null;
  /** Fields and findings that are not answered without the column; empty: it is there. */
  readonly notAnswered: readonly string[];
}

export interface TableReport {
  readonly name: string;
  /** Schema in which the table is read; null: none. */
  readonly schema: string | null;
  /** Kind of the relation; null: it does not exist. */
  readonly kind: 'table' | 'view' | 'other' | null;
  readonly estimatedRows: number | null;
  readonly hidesRows: boolean;
  /** Fields and findings that are not answered for the table as a whole. */
  readonly notAnswered: readonly string[];
  readonly columns: readonly ColumnReport[];
}

interface Lacking {
  readonly name: string;
  readonly why: Lack['why'];
  readonly isRequired: boolean;
  readonly notAnswered: readonly string[];
}

interface WantedReport {
  readonly table: string;
  readonly keys: string;
  readonly speeds: string;
  readonly statement: string;
}

export interface Report {
  readonly answers: Answers;
  /** Corrections that somebody must make before the answers can be relied on. */
  readonly toCorrect: readonly string[];
  readonly database: string;
  readonly role: string;
  readonly searchPath: readonly string[];
  /** Platform; null: no table tells. */
  readonly platform: PlatformRead['name'] | null;
  /** Newest migration; null: not known. */
  readonly release: string | null;
  /** Release that sets the thresholds; null: they do not differ between releases. */
  readonly thresholdsOf: ChosenRelease | null;
  readonly serverVersion: string;
  readonly thresholds: Thresholds;
  /** Slots that all replicas share, and the number taken; null: none are shared, or they cannot be counted. */
  readonly capacity: Capacity | null;
  readonly slotsTaken: Capacity | null;
  readonly tables: readonly TableReport[];
  readonly lacks: readonly Lacking[];
  readonly indexes: readonly WantedReport[];
  readonly unknown: readonly string[];
}

export function reportOf(examined: Examined): Report {
  const { platform, tables, where, slots, coderMigration, ownMigration, serverVersion } = examined;
  const lacks = lacksOf(tables, platform);
  const isPart = lacks.length > 0 || Object.values(tables).some(({ hidesRows }) => hidesRows);
  const isFound = tables.chats !== undefined || tables.chats_expanded !== undefined;
  return {
    answers: lacks.some(({ isRequired }) => isRequired) ? 'NOT_AT_ALL' : isPart ? 'IN_PART' : 'ALL',
    toCorrect: corrections(examined),
    ...{ database: where.database, role: where.role, searchPath: where.searchPath },
    platform: isFound || examined.isCoder ? platform.name : null,
    release: (platform.name === 'coder' ? coderMigration : ownMigration) ?? null,
    thresholdsOf: platform.release ?? null,
    ...{ serverVersion, thresholds: platform.thresholds },
    ...{ capacity: platform.capacity ?? null, slotsTaken: slots ?? null },
    tables: tablesOn(platform.name).map((table) => tableReport(examined, lacks, table)),
    lacks: lacks.map((lack) => ({
      ...{ name: nameOf(lack), why: lack.why, isRequired: lack.isRequired, notAnswered: lack.costs },
    })),
    indexes: lackingIndexes(examined.indexes ?? {}, platform.name).map((index) => ({
      ...index,
      statement: indexStatement(index),
    })),
    unknown: unknownOf(examined),
  };
}

const KINDS: Readonly<Record<string, TableReport['kind']>> = { r: 'table', p: 'table', v: 'view', m: 'view' };

function tableReport(
  examined: Examined,
  lacks: readonly Lack[],
  table: ReturnType<typeof tablesOn>[number],
): TableReport {
  const { platform, where } = examined;
  const name = relationOf(table, platform);
  const found = examined.tables[name];
  const whole = lacks.find((lack) => lack.table === table && lack.column === undefined);
  const rows = examined.estimatedRows[name];
  return {
    name,
    schema: where.places.find((place) => place.name === name && place.isRead)?.schema ?? null,
    kind: found ? (KINDS[found.kind] ?? 'other') : null,
    estimatedRows: rows === undefined || rows < 0 ? null : rows,
    hidesRows: found?.hidesRows ?? false,
    notAnswered: whole?.costs ?? [],
    columns: columnsOn(platform.name, table).map(([column, read]) => {
      const state = stateOf(examined.tables, platform, table, column);
      const costs = whole?.costs ?? read.costs ?? tableRead(table).costs;
      return {
        ...{ name: column, state, type: found?.columns[column]?.type ?? null, read: TYPES[read.holds] ?? null },
        notAnswered: state === 'THERE' ? [] : costs,
      };
    }),
  };
}
