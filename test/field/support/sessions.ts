/** Foreign sessions on the database of a system. */
import pg from 'pg';

export interface OtherSession {
  /** Process id of the server process behind it. */
  readonly processId: number;
  query(statement: string, values?: readonly unknown[]): Promise<pg.QueryResult>;
  end(): Promise<void>;
}

/** A session with a name of its own. The caller ends it; a transaction that is open then is rolled back. */
export async function openSession(databaseUrl: string, name: string, options = ''): Promise<OtherSession> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: name, options });
  client.on('error', () => {}); // the query on it reports it
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return {
    processId: rows[0]?.pid ?? 0,
    query: (statement, values = []) => client.query(statement, [...values]),
    end: () => client.end(),
  };
}

/** Has a session with an open transaction that has run this statement, and does nothing more, while `work` runs. */
export async function whileIdleInTransaction<T>(
  databaseUrl: string,
  name: string,
  [statement, ...values]: readonly [statement: string, ...values: unknown[]],
  work: (session: OtherSession) => Promise<T>,
): Promise<T> {
  const session = await openSession(databaseUrl, name);
  try {
    await session.query('BEGIN');
    await session.query(statement, values);
    return await work(session);
  } finally {
    await session.end();
  }
}
