/** Corrections that somebody must make before the answers can be relied on, a sentence each. Pure. */
import { contradictionInWords } from '../../domain/coderRelease.ts';
import { relationOf } from '../../subgraphs/database/tables/described.ts';
import { tablesOn } from '../../subgraphs/database/tables/lacks.ts';
import type { Examined } from './examined.ts';
import { PLACES_OF, type TablePlace, type Where } from './places.ts';

export function corrections(examined: Examined): string[] {
  const { platform, slots, tables } = examined;
  const contradiction = platform.release && contradictionInWords(platform.release);
  return [
    ...missing(examined),
    ...unmarked(examined),
    ...scattered(examined),
    ...Object.entries(tables).flatMap(([name, { hidesRows }]) => (hidesRows ? [hides(name)] : [])),
    ...examined.ofViews,
    ...triggersOff(examined.disabledTriggers ?? []),
    ...(contradiction === undefined ? [] : [contradiction]),
    ...(slots && platform.capacity
      ? [
          ...overfull('CAPACITY_ROOT', 'chats without a parent', slots.root, platform.capacity.root),
          ...overfull('CAPACITY_SUBAGENTS', 'subagents', slots.subagents, platform.capacity.subagents),
        ]
      : []),
  ];
}

/** Tables that are taken for this project's for want of a better guess. */
const unmarked = ({ platform, isPlatformSet, tables, disabledTriggers, ownMigration }: Examined): string[] =>
  platform.name === 'own' && !isPlatformSet && tables.chats && disabledTriggers === null && ownMigration === undefined
    ? ['Nothing marks `chats` as a table of this project. If the tables are yours, set PLATFORM=views.']
    : [];

const hides = (name: string) =>
  `Policies of \`${name}\` may hide rows from this role. Give it a policy that shows all, or the attribute BYPASSRLS.`;

/** Triggers that are off: what they keep is not kept. */
function triggersOff(names: readonly string[]): string[] {
  const tables = [...new Set(names.map((name) => name.split('.', 1)[0] ?? ''))];
  const enable = tables.map((table) => `ALTER TABLE ${table} ENABLE TRIGGER USER;`).join(' ');
  return names.length === 0
    ? []
    : [
        `Triggers are off: ${names.map((name) => `\`${name}\``).join(', ')}. Until they are on again, the history lacks ` +
          `changes, and lists lack chats that nobody answered: \`${enable}\` as the owner of the tables, or with ALL as a ` +
          'superuser, if all of them were switched off.',
      ];
}

const overfull = (setting: string, what: string, used: number, capacity: number): string[] =>
  used <= capacity
    ? []
    : [
        `${used} ${what} hold slots, and there are ${capacity} by ${setting}: set it to what the deployment is licensed for.`,
      ];

/** Tables that cannot be read: where they are, and what keeps this role from them. */
function missing({ tables, platform, where, isCoder }: Examined): string[] {
  const chats = relationOf('chats', platform);
  const relations = tablesOn(platform.name).map((table) => relationOf(table, platform));
  const absent: readonly string[] = tables[chats] ? relations.filter((name) => !tables[name]) : PLACES_OF;
  if (absent.length === 0) return [];
  const elsewhere = where.places.filter(({ name, isRead }) => !isRead && absent.includes(name));
  const schemas = [...new Set(elsewhere.map(({ schema }) => schema))];
  const read = where.places.find(({ name, isRead }) => name === chats && isRead);
  const found = schemas.map((schema) => {
    const places = elsewhere.filter((place) => place.schema === schema);
    return reach(places, schema, [...(read ? [read.schema] : []), schema], where);
  });
  if (read) return found;
  const path = where.searchPath.join(', ');
  const none = `Database \`${where.database}\` has no table \`chats\` in the search_path (${path}).`;
  if (elsewhere.some(({ name }) => name === 'chats')) return [none, ...found];
  return [none, isCoder ? 'No other schema has one. See whether the URL names the database of Coder.' : NOWHERE];
}

const NOWHERE =
  'No other schema has one. Correct the database in the URL; for tables of this project, run `npm run migrate`.';

function reach(
  places: readonly TablePlace[],
  schema: string,
  path: readonly string[],
  { role, searchPath }: Where,
): string {
  const names = places.map(({ name }) => name);
  const some = names.includes('chats') ? 'chats' : names[0];
  const has = `Schema \`${schema}\` has \`${some}\`${names.length > 1 ? ` and ${names.length - 1} more` : ''}`;
  const enter = places.every(({ mayEnter }) => mayEnter)
    ? undefined
    : `this role may not enter it: \`GRANT USAGE ON SCHEMA ${identifier(schema)} TO ${identifier(role)};\``;
  const search = searchPath.includes(schema)
    ? undefined
    : `it is not in the search_path: add \`options=-c%20search_path%3D${encodeURIComponent(path.map(identifier).join(','))}\` to the URL`;
  return `${has}, and ${[enter, search].filter((part) => part !== undefined).join('; and ')}.`;
}

const identifier = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** Tables of several schemas, which belong to two systems, or to two moments of one. Views may stand anywhere. */
function scattered({ tables, where }: Examined): string[] {
  const read = where.places.filter(({ name, isRead }) => isRead && TABLE_KINDS.includes(tables[name]?.kind ?? ''));
  const schemas = [...new Set(read.map(({ schema }) => schema))];
  if (schemas.length < 2) return [];
  const ofSchema = schemas.map((schema) => {
    const names = read.filter((place) => place.schema === schema).map(({ name }) => `\`${name}\``);
    return `${names.join(', ')} from \`${schema}\``;
  });
  const passedOver = where.places.filter(({ name, isRead }) => !isRead && read.some((place) => place.name === name));
  const others = passedOver.map(({ schema, name }) => ` \`${schema}.${name}\` is passed over.`);
  return [`Tables are read from several schemas: ${ofSchema.join('; ')}.${others.join('')} Correct the search_path.`];
}

const TABLE_KINDS: readonly string[] = ['r', 'p'];

/** Tables of the same names in other schemas, where all that is read is in one schema. */
export function othersOfTheName(examined: Examined): string[] {
  const { where } = examined;
  if (scattered(examined).length > 0) return [];
  const read = where.places.find(({ name, isRead }) => name === 'chats' && isRead);
  const other = where.places.find(({ name, isRead }) => name === 'chats' && !isRead);
  if (!read || !other) return [];
  return [`Which is in use: \`chats\` is read from \`${read.schema}\`, and \`${other.schema}\` has one, too.`];
}
