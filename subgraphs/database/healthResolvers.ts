/** The database itself, as the schema shows it. */
import { requireReadAll } from './access.ts';
import type { DatabaseContext } from './context.ts';
import { PLATFORM } from './platform.ts';

export async function readDatabaseHealth(_parent: unknown, _args: unknown, { caller, loaders }: DatabaseContext) {
  requireReadAll(caller);
  return { ...(await loaders.databaseHealth()), platform: PLATFORM };
}
