/**
 * Stand-ins for tables that lack something. Pure.
 * A column that cannot be read becomes a null. A table that cannot be read at all keeps the question from being asked.
 * Postgres would refuse it, and end the transaction with all other questions.
 */
import type { GraphQLError } from 'graphql';
import { Prisma } from '../../../prisma/generated/client.ts';
import { clientError } from '../../../server/graphql/errors.ts';
import { NULL_TYPE, type PlatformRead, QUESTION_SPARES, relationOf, type TableName, tableRead } from './described.ts';
import type { FoundTables, Whereabouts } from './found.ts';
import { blocking, isPartlyHidden, keepsFromAsking, type Lack, lacksOf, stateOf } from './lacks.ts';
import { lacksInWords } from './said.ts';

export interface Tables {
  readonly lacks: readonly Lack[];
  /** Stand-ins by relation. A relation that lacks nothing stands for itself. */
  readonly standIns: ReadonlyMap<string, StandIn>;
  /** Columns that can be walked through by the known values of their enum. */
  readonly walked: { readonly roles: boolean; readonly statuses: boolean };
}

interface StandIn {
  readonly table: TableName;
  /** Lacks that keep all of the relation from being read; empty: something can be read. */
  readonly blockedBy: readonly Lack[];
  readonly sql: string;
}

/** Tables without a known lack. */
export const ALL_THERE: Tables = { lacks: [], standIns: new Map(), walked: { roles: true, statuses: true } };

export function tablesOf(found: FoundTables, platform: PlatformRead, where: Whereabouts): Tables {
  const lacks = lacksOf(found, platform, where);
  const relations = new Map(lacks.filter(isFelt).map(({ relation, table }) => [relation, table]));
  const standIns = [...relations].map(([relation, table]): [string, StandIn] => {
    const blockedBy = blocking(lacks, table);
    const sql = blockedBy.length > 0 ? withoutRows(table) : withNulls(found, platform, relation, table);
    return [relation, { table, blockedBy, sql }];
  });
  const isHeldBy = (table: TableName, column: string, type: string) =>
    stateOf(found, platform, table, column) === 'THERE' &&
    found[relationOf(table, platform)]?.columns[column]?.type === type;
  const walked = {
    roles: blocking(lacks, 'chat_messages').length === 0 && isHeldBy('chat_messages', 'role', 'chat_message_role'),
    statuses: isHeldBy('chats', 'status', 'chat_status'),
  };
  return { lacks, standIns: new Map(standIns), walked };
}

/** True if questions feel the lack. They can do without another platform's column. */
function isFelt(lack: Lack): boolean {
  const { table, column, why } = lack;
  if (isPartlyHidden(lack)) return false;
  return why !== 'MISSING' || column === undefined || tableRead(table).columns[column]?.only === undefined;
}

/** True if anything of the table can be read. */
export const isReadable = ({ lacks }: Tables, table: TableName): boolean => blocking(lacks, table).length === 0;

const nullOf = (table: TableName, column: string) => {
  const { holds, instead = 'NULL' } = tableRead(table).columns[column] ?? { holds: 'text' };
  return `${instead}::${NULL_TYPE[holds]} AS "${column}"`;
};

const withoutRows = (table: TableName): string =>
  `(SELECT ${Object.keys(tableRead(table).columns)
    .map((column) => nullOf(table, column))
    .join(', ')} WHERE false)`;

/**
 * Stand-in with nulls. Missing columns of other platforms are left out, and a question then finds the name elsewhere.
 */
function withNulls(found: FoundTables, platform: PlatformRead, relation: string, table: TableName): string {
  const { kind, isReadable: isWhole } = found[relation] ?? { kind: '', isReadable: false };
  const columns = Object.entries(tableRead(table).columns).flatMap(([column, { only, instead }]) => {
    if (stateOf(found, platform, table, column) === 'THERE') return [`t."${column}"`];
    return only === undefined || instead !== undefined ? [nullOf(table, column)] : [];
  });
  const ofPostgres = kind === 'r' && isWhole ? ['t.xmax', 't.ctid'] : [];
  return `(SELECT ${[...columns, ...ofPostgres].join(', ')} FROM ${relation} AS t)`;
}

/** True if what a question asks of the table can be answered. */
export const isAnswerable = (tables: Tables, table: TableName, question: string): boolean =>
  isReadable(tables, table) && keepsFromAsking(tables.lacks, question).length === 0;

/** @throws GraphQLError `SCHEMA_UNSUPPORTED` if nothing of the table can be read */
export function assertReadable({ lacks }: Tables, table: TableName): void {
  const blockedBy = blocking(lacks, table);
  if (blockedBy.length > 0) throw unsupported(blockedBy);
}

/** @throws GraphQLError `SCHEMA_UNSUPPORTED` if the question can do nothing with what there is */
export function assertAskable({ lacks }: Tables, question: string): void {
  const keeping = keepsFromAsking(lacks, question);
  if (keeping.length > 0) throw unsupported(keeping);
}

export const unsupported = (lacks: readonly Lack[]): GraphQLError =>
  clientError('SCHEMA_UNSUPPORTED', lacksInWords(lacks));

/** Mention of a table or view in a statement of this service, with its alias. */
const MENTION = /\b(FROM|JOIN) (chats|chats_expanded|chat_\w+|replicas)\b(?: AS (\w+))?/g;

/** Statement with nothing in the table's place. */
export const withoutTable = (table: TableName, statement: Prisma.Sql): Prisma.Sql =>
  standingIn(statement, (relation) => (relation === table ? withoutRows(table) : undefined));

/**
 * Statement with stand-ins for its tables.
 * @throws GraphQLError `SCHEMA_UNSUPPORTED` if the question can do nothing with what there is
 */
export function onTables({ standIns }: Tables, question: string, statement: Prisma.Sql): Prisma.Sql {
  if (standIns.size === 0) return statement;
  const spared = QUESTION_SPARES[question] ?? [];
  return standingIn(statement, (relation) => {
    const standIn = standIns.get(relation);
    if (standIn && standIn.blockedBy.length > 0 && !spared.includes(standIn.table))
      throw unsupported(standIn.blockedBy);
    return standIn?.sql;
  });
}

/** @param sqlFor stand-in for a relation; undefined: the relation itself */
function standingIn(statement: Prisma.Sql, sqlFor: (relation: string) => string | undefined): Prisma.Sql {
  const strings = statement.strings.map((text) =>
    text.replace(MENTION, (mention: string, before: string, relation: string, name = relation) => {
      const sql = sqlFor(relation);
      return sql === undefined ? mention : `${before} ${sql} AS ${name}`;
    }),
  );
  return new Prisma.Sql(strings, statement.values);
}
