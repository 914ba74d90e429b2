/** Lacks of a database: what this service reads and cannot, why, and what it costs. Pure. */
import type { PlatformName } from '../../../domain/platformName.ts';
import {
  type ColumnRead,
  type PlatformRead,
  QUESTION_NEEDS,
  type Relation,
  relationOf,
  TABLE_NAMES,
  type TableName,
  TYPES,
  tableRead,
} from './described.ts';
import type { FoundTables, Whereabouts } from './found.ts';

/** Reason for a column. `TYPE`: it exists, and holds something else than what is read. */
type ColumnWhy = 'MISSING' | 'NO_RIGHT' | 'TYPE';
/** Reason for a table or column. `HIDDEN`: policies of the table hide rows from this service. */
export type Why = ColumnWhy | 'HIDDEN';

export interface Lack {
  readonly table: TableName;
  /** Relation of the table in the database. */
  readonly relation: Relation;
  /** Column; undefined: the whole table. */
  readonly column: string | undefined;
  readonly why: Why;
  readonly platform: PlatformName;
  /** Place of a table that is not found: where it was looked for, and where it is. */
  readonly place?: Place | undefined;
  /** True if this service is not ready without it. */
  readonly isRequired: boolean;
  /** Fields and findings that are not answered for it. */
  readonly costs: readonly string[];
}

interface Place {
  readonly path: string;
  /** Schema that has it; undefined: none. */
  readonly elsewhere: Whereabouts['elsewhere'][string] | undefined;
}

export type State = 'THERE' | ColumnWhy;

/** Name for people: `chats` or `chats.title`. */
export const nameOf = ({ relation, column }: Pick<Lack, 'relation' | 'column'>): string =>
  column === undefined ? relation : `${relation}.${column}`;

/** Columns of a table on this platform. */
export const columnsOn = (platform: PlatformName, table: TableName): [string, ColumnRead][] =>
  Object.entries(tableRead(table).columns).filter(([, { only = platform }]) => only === platform);

export const tablesOn = (platform: PlatformName): TableName[] =>
  TABLE_NAMES.filter((table) => (tableRead(table).only ?? platform) === platform);

export function stateOf(found: FoundTables, platform: PlatformRead, table: TableName, column: string): State {
  const there = found[relationOf(table, platform)]?.columns[column];
  if (!there) return 'MISSING';
  if (!there.isReadable) return 'NO_RIGHT';
  const read = tableRead(table).columns[column];
  const types = read && TYPES[read.holds];
  return !types || types.includes(there.type) ? 'THERE' : 'TYPE';
}

/** Lacks, in the order of the description. */
export const lacksOf = (found: FoundTables, platform: PlatformRead, where?: Whereabouts): Lack[] =>
  tablesOn(platform.name).flatMap((table) => lacksOfTable(found, platform, table, where));

function lacksOfTable(
  found: FoundTables,
  { name, chats }: PlatformRead,
  table: TableName,
  where?: Whereabouts,
): Lack[] {
  const { isRequired, costs } = tableRead(table);
  const platform = { name, chats };
  const relation = relationOf(table, platform);
  const columns = columnsOn(name, table).map(([column, read]) => ({
    ...{ column, read, state: stateOf(found, platform, table, column) },
  }));
  const of = { table, relation, platform: name };
  const whole = (why: Why, place?: Place): Lack[] => [{ ...of, column: undefined, why, isRequired, costs, place }];
  const there = found[relation];
  if (!there) return whole('MISSING', where && { path: where.path, elsewhere: where.elsewhere[relation] });
  if (columns.every(({ state }) => state === 'NO_RIGHT' || state === 'MISSING')) {
    if (columns.some(({ state }) => state === 'NO_RIGHT')) return whole('NO_RIGHT');
  }
  const isPartOfUse = table === 'chats' && !there.hidesAll;
  if (there.hidesRows && !isPartOfUse) return whole('HIDDEN');
  const hidden = there.hidesRows
    ? [{ ...of, column: undefined, why: 'HIDDEN' as const, isRequired: false, costs: HIDDEN_CHATS }]
    : [];
  const lacking = columns.flatMap(({ column, read, state }) => {
    if (state === 'THERE') return [];
    const isNeeded = read.costs === undefined;
    return [{ ...of, column, why: state, isRequired: isRequired && isNeeded, costs: read.costs ?? costs }];
  });
  return [...hidden, ...lacking];
}

/** Cost of hidden rows of `chats`. Visible chats are shown as they are; of other tables a missing row says nothing. */
const HIDDEN_CHATS = ['chats that its policies hide'];
export const isPartlyHidden = ({ table, why, isRequired }: Lack): boolean =>
  table === 'chats' && why === 'HIDDEN' && !isRequired;

/** Lacks that keep a table from being read at all. */
export const blocking = (lacks: readonly Lack[], table: TableName): Lack[] =>
  lacks.filter((lack) => lack.table === table && isNeeded(lack));

function isNeeded(lack: Lack): boolean {
  const { table, column } = lack;
  return column === undefined ? !isPartlyHidden(lack) : tableRead(table).columns[column]?.costs === undefined;
}

/** Lacks that keep a question from being asked, though its table can be read. */
export function keepsFromAsking(lacks: readonly Lack[], question: string): Lack[] {
  const needs = QUESTION_NEEDS[question] ?? [];
  return lacks.filter(({ table, column }) => needs.includes(`${table}.${column}`));
}
