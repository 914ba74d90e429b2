/** The database itself, as the schema shows it. */
import { requireReadAll } from './access.ts';
import type { DatabaseContext } from './context.ts';
import type { DatabaseHealthRow } from './questions/databaseHealth.ts';
import { poolOf } from './questions/pools.ts';

/** Each field by itself: whoever asks for the platform alone, as gateways do, costs no look at sessions and locks. */
export function readDatabaseHealth(_parent: unknown, _args: unknown, { caller }: DatabaseContext) {
  requireReadAll(caller);
  return {};
}

const FIELDS = [
  ...(['canWrite', 'isInRecovery', 'connections', 'maxConnections', 'oldestTransactionSeconds'] as const),
  ...(['lockWaits', 'serverVersion', 'isOurs', 'missing', 'notReadable', 'notAnswered'] as const),
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
    return pools ? [poolOf(pools, 'root'), poolOf(pools, 'subagents')] : null;
  },
};
