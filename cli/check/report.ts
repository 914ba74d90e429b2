/** What `npm run check` says of a database, as data. Pure. */
import type { Thresholds } from '../../common/thresholds.ts';
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
import type { Examined } from './examined.ts';

/** `ALL`: everything is answered; `IN_PART`: not for every column; `NOT_AT_ALL`: this service is not ready on it. */
export type Answers = 'ALL' | 'IN_PART' | 'NOT_AT_ALL';

export interface ColumnReport {
  readonly name: string;
  readonly state: State;
  /** The type that it has; null: it is not there. */
  readonly type: string | null;
  /** Types that are read there; null: any. */
  readonly read: readonly string[] | null;
  /** What is not answered without it. Empty: it is there. */
  readonly notAnswered: readonly string[];
}

export interface TableReport {
  readonly name: string;
  /** Null: it is not there. */
  readonly kind: 'table' | 'view' | 'other' | null;
  readonly estimatedRows: number | null;
  readonly hidesRows: boolean;
  readonly columns: readonly ColumnReport[];
}

export interface Lacking {
  readonly name: string;
  readonly why: Lack['why'];
  readonly isRequired: boolean;
  readonly notAnswered: readonly string[];
}

export interface WantedReport {
  readonly table: string;
  readonly keys: string;
  readonly speeds: string;
  readonly statement: string;
}

export interface Report {
  readonly answers: Answers;
  readonly platform: PlatformRead['name'];
  readonly release: string | null;
  readonly serverVersion: string;
  readonly thresholds: Thresholds;
  readonly tables: readonly TableReport[];
  readonly lacks: readonly Lacking[];
  readonly indexes: readonly WantedReport[];
  readonly unknown: readonly string[];
}

interface PlatformFound extends PlatformRead {
  readonly thresholds: Thresholds;
}

export function reportOf(examined: Examined, platform: PlatformFound, unknownOfPlatform: readonly string[]): Report {
  const lacks = lacksOf(examined.tables, platform);
  const hiding = Object.entries(examined.tables).filter(([, { hidesRows }]) => hidesRows);
  const isPart = lacks.length > 0 || hiding.length > 0;
  const { coderMigration, ownMigration, serverVersion } = examined;
  return {
    answers: lacks.some(({ isRequired }) => isRequired) ? 'NOT_AT_ALL' : isPart ? 'IN_PART' : 'ALL',
    platform: platform.name,
    release: (platform.name === 'coder' ? coderMigration : ownMigration) ?? null,
    ...{ serverVersion, thresholds: platform.thresholds },
    tables: tablesOn(platform.name).map((table) => tableReport(examined, platform, lacks, table)),
    lacks: lacks.map((lack) => ({
      ...{ name: nameOf(lack), why: lack.why, isRequired: lack.isRequired, notAnswered: lack.costs },
    })),
    indexes: lackingIndexes(examined.indexes ?? {}, platform.name).map((index) => ({
      ...index,
      statement: indexStatement(index),
    })),
    unknown: [...hiding.map(([name]) => hides(name)), ...unknownOfServer(examined), ...unknownOfPlatform],
  };
}

const hides = (name: string) =>
  `Policies of \`${name}\` may hide rows from this role: it is then answered as if there were none.`;

function unknownOfServer({ indexes, isInRecovery, seesSessions, coderMigration, ownMigration }: Examined): string[] {
  const migration = coderMigration ?? ownMigration;
  return [
    ...(isInRecovery ? ['Leases: a hot standby cannot read the lease table. Use the primary.'] : []),
    ...(indexes ? [] : ['Which indexes there are: a session keeps everybody out of a table.']),
    ...(seesSessions ? [] : ['Since when a session holds a lock: grant `pg_read_all_stats` to see it.']),
    ...(migration === undefined ? ['The release of the tables: their list of migrations cannot be read.'] : []),
  ];
}

const KINDS: Readonly<Record<string, TableReport['kind']>> = { r: 'table', p: 'table', v: 'view', m: 'view' };

function tableReport(
  examined: Examined,
  platform: PlatformFound,
  lacks: readonly Lack[],
  table: ReturnType<typeof tablesOn>[number],
): TableReport {
  const name = relationOf(table, platform);
  const found = examined.tables[name];
  const whole = lacks.find((lack) => lack.table === table && lack.column === undefined);
  const rows = examined.estimatedRows[name];
  return {
    name,
    kind: found ? (KINDS[found.kind] ?? 'other') : null,
    estimatedRows: rows === undefined || rows < 0 ? null : rows,
    hidesRows: found?.hidesRows ?? false,
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
