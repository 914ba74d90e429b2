import pg from 'pg';
import { applyMigrations, assertOwnSchema, inspectSchema } from '../../prisma/migrations.ts';
import { applyRecorderMigrations } from '../../prisma/recorderMigrations.ts';
import { StartError } from '../../server/startError.ts';

const CONNECT_LIMIT_MS = 3_000;

/** Setting that names a database. */
export type UrlSetting = 'DATABASE_URL' | 'RECORDER_DATABASE_URL';

/**
 * Runs `use` with a session of the database, and ends the session.
 * @throws StartError if the database cannot be reached, and whatever `use` throws
 */
export async function withDatabase<T>(
  url: string,
  use: (client: pg.Client) => Promise<T>,
  setting: UrlSetting = 'DATABASE_URL',
): Promise<T> {
  const client = await connect(url, setting);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function connect(url: string, setting: UrlSetting): Promise<pg.Client> {
  try {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
    client.on('error', () => {}); // a session that is lost fails the query that waits
    await client.connect();
    return client;
  } catch (error) {
    throw new StartError(`Cannot use the database of ${setting}: ${reason(error)}`, { cause: error });
  }
}

/** Makes the tables of chats. @returns the migrations that were applied now */
export const migrate = (url: string): Promise<string[]> => withDatabase(url, applyMigrations);

/** Makes the tables of incidents. @returns the migrations that were applied now */
export const migrateRecorder = (url: string, setting: UrlSetting): Promise<string[]> =>
  withDatabase(url, applyRecorderMigrations, setting);

/**
 * Makes the tables in a database without any, if its user said yes. Any other database is only inspected.
 * @returns the migrations that were applied now
 * @throws StartError with the command to run if there are no tables
 * @throws SchemaStateError unless the tables are this project's own and up to date
 */
export const prepareGiven = (url: string, mayMigrate: boolean): Promise<string[]> =>
  withDatabase(url, async (client) => {
    const { kind } = await inspectSchema(client);
    if (kind === 'empty' && mayMigrate) {
      return [...(await applyMigrations(client)), ...(await applyRecorderMigrations(client))];
    }
    if (kind === 'empty') throw new StartError(howToMigrate(url));
    await assertOwnSchema(client);
    return [];
  });

function howToMigrate(url: string): string {
  const shown = withoutSecrets(url);
  return [
    'The database of DATABASE_URL has none of the tables. Make them, then start again:',
    `  DATABASE_URL='${shown}' npm run migrate`,
    ...(shown.includes(HIDDEN) ? [`Put the password where ${HIDDEN} is.`] : []),
    'Or make them with the start: npm start -- --migrate',
  ].join('\n');
}

const HIDDEN = '***';
/** Parameters that tell which database it is. Any other may be a secret. */
const SHOWN = ['host', 'port', 'dbname', 'sslmode', 'schema', 'options'];

/** URL with host and database, and with the password hidden. */
export function withoutSecrets(url: string): string {
  const shown = new URL(url);
  if (shown.password) shown.password = HIDDEN;
  for (const name of [...shown.searchParams.keys()]) if (!SHOWN.includes(name)) shown.searchParams.set(name, HIDDEN);
  return shown.href.replaceAll("'", '%27');
}

/** Message of an error. With several causes, as for a name with several addresses, its own is empty. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_INVALID_URL' ? NO_URL : message;
}

const NO_URL = 'it is no valid URL. Characters such as # / ? in the user or the password are written as %23 %2F %3F.';
