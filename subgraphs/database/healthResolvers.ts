/** The database itself, as the schema shows it. */
import { requireReadAll } from './access.ts';
import type { DatabaseContext } from './context.ts';
import { PLATFORM } from './platform.ts';
import { databaseHealth } from './questions/databaseHealth.ts';

export async function readDatabaseHealth(_parent: unknown, _args: unknown, { caller, reading }: DatabaseContext) {
  requireReadAll(caller);
  return { ...(await reading.ask('databaseHealth', databaseHealth)), platform: PLATFORM };
}
