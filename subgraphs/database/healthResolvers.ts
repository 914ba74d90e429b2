/** The database itself, in the shape of the schema. */
import { requireReadAll } from '../../server/graphql/rights.ts';
import type { DatabaseContext } from './context.ts';
import type { DatabaseHealthRow } from './questions/databaseHealth.ts';
import { shownPool } from './questions/pools.ts';

/** Reads each field by itself. A gateway asks for the platform alone, and need not wait for sessions and locks. */
export function readDatabaseHealth(_parent: unknown, _args: unknown, { caller }: DatabaseContext) {
  requireReadAll(caller);
  return {};
}

const FIELDS = [
  ...(['canWrite', 'isInRecovery', 'replayLagSeconds', 'connections', 'maxConnections'] as const),
  ...([
    'oldestTransactionSeconds',
    'lockWaits',
    'serverVersion',
    'isOurs',
    'disabledTriggers',
    'missing',
    'notReadable',
    'notAnswered',
  ] as const),
] satisfies (keyof DatabaseHealthRow)[];

export const DatabaseHealth = {
  ...Object.fromEntries(
    FIELDS.map((field) => [
      field,
      async (_parent: unknown, _args: unknown, { loaders }: DatabaseContext) => (await loaders.databaseHealth())[field],
    ]),
  ),
  platform: async (_parent: unknown, _args: unknown, { reading }: DatabaseContext) =>
    (await reading.moment()).platform.name,
  pools: async (_parent: unknown, _args: unknown, { loaders, reading }: DatabaseContext) => {
    const pools = await reading.ask('pools', loaders.pools);
    return pools ? [shownPool(pools, 'root'), shownPool(pools, 'subagents')] : null;
  },
};
