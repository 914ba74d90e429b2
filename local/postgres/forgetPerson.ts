/** The end of a person's id in what is kept of chats: their history, and their incidents. */
import type pg from 'pg';
import { assertOwnSchema } from '../../prisma/migrations.ts';
import { type UrlSetting, withDatabase } from './prepareDatabase.ts';

/** Id in the place of a person's where there must be one. No chat has such an owner. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** A place where the id stands, and how often. */
export interface Place {
  /** Plural noun with what it names the person as. */
  readonly what: string;
  readonly count: number;
}

/** Place with the rows that hold the id `$1`, and the change that takes it out. */
interface Rows {
  readonly what: string;
  readonly table: string;
  readonly condition: string;
  readonly change: string;
}

const without = (column: string) => `replace(${column}::text, $1::uuid::text, '${NOBODY}')`;
const holds = (column: string) => `strpos(${column}::text, $1::uuid::text) > 0`;

const EVENTS: readonly Rows[] = [
  {
    what: 'events that name it as actor',
    table: 'chat_events',
    condition: 'actor_id = $1::uuid',
    change: 'actor_id = NULL',
  },
  {
    ...{ what: 'records of actions that it took', table: 'chat_debug_actions' },
    ...{ condition: 'actor = $1::uuid::text', change: `actor = 'forgotten'` },
  },
  {
    ...{ what: 'plans that it made', table: 'chat_debug_plans' },
    ...{ condition: 'actor = $1::uuid::text', change: `actor = 'forgotten', token_id = NULL` },
  },
  {
    ...{ what: 'plans that it stopped', table: 'chat_debug_plans' },
    ...{ condition: 'stopped_by = $1::uuid::text', change: `stopped_by = 'forgotten'` },
  },
  {
    ...{ what: 'replicas that it told to drain', table: 'chat_debug_drains' },
    ...{ condition: 'by = $1::uuid::text', change: `by = 'forgotten'` },
  },
];
const INCIDENTS: readonly Rows[] = [
  {
    ...{ what: 'incidents of its chats', table: 'chat_debug_recorder.incidents' },
    ...{ condition: 'owner_id = $1::uuid', change: 'owner_id = NULL' },
  },
  {
    ...{ what: 'summaries that name it', table: 'chat_debug_recorder.incidents' },
    ...{ condition: holds('summary'), change: `summary = ${without('summary')}` },
  },
  {
    ...{ what: 'bundles that name it', table: 'chat_debug_recorder.incident_bundles' },
    ...{ condition: holds('bundle'), change: `bundle = ${without('bundle')}::json` },
  },
  {
    ...{ what: 'alerts still to be sent that name it', table: 'chat_debug_recorder.deliveries' },
    ...{ condition: holds('incident'), change: `incident = ${without('incident')}::json` },
  },
];

/** What there is of a person in a database. */
interface Found {
  readonly places: readonly Place[];
  /** Chats that still have this owner. What is noted of them will name it again. */
  readonly chats: number;
}

/**
 * Takes the id out of the history in the database of chats.
 * @param isReal false: nothing is changed
 * @throws SchemaStateError if the database is not this project's own
 */
export const forgetInChats = (url: string, owner: string, isReal: boolean): Promise<Found> =>
  withDatabase(url, async (client) => {
    await assertOwnSchema(client);
    const { rows } = await client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM chats WHERE owner_id = $1::uuid',
      [owner],
    );
    return { places: await forgetIn(client, EVENTS, owner, isReal), chats: rows[0]?.count ?? 0 };
  });

/** Takes the id out of the incidents of a database, if it has any. */
export const forgetInIncidents = (
  url: string,
  setting: UrlSetting,
  owner: string,
  isReal: boolean,
): Promise<readonly Place[]> =>
  withDatabase(
    url,
    async (client) => {
      const { rows } = await client.query<{ found: string | null }>(
        `SELECT to_regclass('chat_debug_recorder.incidents')::text AS found`,
      );
      return rows[0]?.found ? forgetIn(client, INCIDENTS, owner, isReal) : [];
    },
    setting,
  );

/** All in one transaction, so that the id is gone everywhere or nowhere. */
async function forgetIn(client: pg.ClientBase, all: readonly Rows[], owner: string, isReal: boolean): Promise<Place[]> {
  const places: Place[] = [];
  await client.query(isReal ? 'BEGIN' : 'BEGIN READ ONLY');
  try {
    // Records of actions can be changed for this alone: the trigger that refuses all else looks at it.
    await client.query(`SELECT set_config('chat_debug.forgets_person', $1, true)`, [owner]);
    for (const { what, table, condition, change } of all) {
      const sql = isReal
        ? `WITH changed AS (UPDATE ${table} SET ${change} WHERE ${condition} RETURNING 1) SELECT count(*)::int AS count FROM changed`
        : `SELECT count(*)::int AS count FROM ${table} WHERE ${condition}`;
      const { rows } = await client.query<{ count: number }>(sql, [owner]);
      places.push({ what, count: rows[0]?.count ?? 0 });
    }
    await client.query('COMMIT');
    return places;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
