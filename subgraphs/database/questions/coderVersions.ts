/** Releases that live replicas of a Coder deployment say they run. */
import { Prisma } from '../../../prisma/generated/client.ts';
import type { Platform } from '../platform.ts';
import type { FoundTables } from '../tables/found.ts';
import { limited, type Transaction } from '../transaction.ts';
import { isReplica, renewedInTime } from './replicaRows.ts';

/** Milliseconds; a locked table keeps nothing else waiting. */
const LOCK_MS = 100;
const MOST = 100;

const READ = ['version', 'stopped_at', 'updated_at'];
const mayRead = ({ replicas }: FoundTables): boolean => READ.every((name) => replicas?.columns[name]?.isReadable);

/** Statement for the releases; undefined: nobody tells them there, or they may not be read. */
export const coderVersionsSql = (platform: Platform, found: FoundTables): Prisma.Sql | undefined =>
  platform.name === 'coder' && mayRead(found)
    ? Prisma.sql`
      SELECT DISTINCT left(r.version::text, 100) AS version FROM replicas AS r
      WHERE r.stopped_at IS NULL AND ${renewedInTime(platform)} AND ${isReplica(platform)} LIMIT ${MOST}::int4`
    : undefined;

/**
 * Releases; none if they cannot be read for any reason. The transaction goes on.
 * @param limitMs milliseconds for the statement
 */
export async function coderVersions(
  tx: Transaction,
  platform: Platform,
  found: FoundTables,
  limitMs: number,
): Promise<string[]> {
  const statement = coderVersionsSql(platform, found);
  if (!statement) return [];
  const settled = await limited(tx, limitMs, async () => {
    await tx.$queryRaw`SELECT set_config('lock_timeout', ${String(LOCK_MS)}, true)`;
    return tx.$queryRaw<{ version: string }[]>(statement);
  });
  return settled.status === 'fulfilled' ? settled.value.map(({ version }) => version) : [];
}
