import pg from 'pg';
import { StartError } from '../common/startError.ts';
import { applyMigrations, assertOwnSchema } from '../prisma/migrations.ts';

const CONNECT_LIMIT_MS = 3_000;

/**
 * Runs `use` with a session of the database, and ends the session.
 * @throws StartError if the database cannot be reached; and what `use` throws
 */
export async function withDatabase<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  try {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_LIMIT_MS });
    client.on('error', () => {}); // a session that is lost fails the query that waits
    await client.connect();
    return client;
  } catch (error) {
    throw new StartError(`Cannot use the database of DATABASE_URL: ${reason(error)}`, { cause: error });
  }
}

/** @returns the migrations that were applied now */
export const migrate = (url: string): Promise<string[]> => withDatabase(url, applyMigrations);

/** @throws SchemaStateError unless the tables are this project's own and up to date */
export const assertMigrated = (url: string): Promise<void> => withDatabase(url, assertOwnSchema);

/** Of an error with several causes (a name with several addresses) the message is empty. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ');
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_INVALID_URL' ? NO_URL : message;
}

const NO_URL = 'it is no valid URL. Characters such as # / ? in the user or the password are written as %23 %2F %3F.';
