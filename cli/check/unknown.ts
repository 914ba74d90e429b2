/** Facts of a database that stay unknown, a sentence each. Pure. */
import { releaseInWords } from '../../domain/coderRelease.ts';
import { othersOfTheName } from './corrections.ts';
import type { Examined } from './examined.ts';

export const unknownOf = (examined: Examined): string[] => [
  ...othersOfTheName(examined),
  ...unknownOfServer(examined),
  ...unknownOfPlatform(examined),
];

function unknownOfServer(examined: Examined): string[] {
  const { indexes, isInRecovery, ofInvoker, seesSessions, coderMigration, ownMigration, platform } = examined;
  const isMigrated = platform.name !== 'views'; // views have no list of migrations
  const migration = coderMigration ?? ownMigration;
  return [
    ...(isInRecovery ? ['Leases: a hot standby cannot read the lease table. Use the primary.'] : []),
    ...(ofInvoker.length === 0
      ? []
      : [
          `Whether policies hide rows behind ${ofInvoker.map((name) => `\`${name}\``).join(', ')}: made with security_invoker. Make such views without it.`,
        ]),
    ...(indexes ? [] : ['Which indexes there are: a session keeps everybody out of a table.']),
    ...(seesSessions ? [] : ['Since when a session holds a lock: grant `pg_read_all_stats` to see it.']),
    ...(isMigrated && migration === undefined
      ? ['The migration of the tables: their list of migrations cannot be read.']
      : []),
  ];
}

function unknownOfPlatform({ platform: { hasRuntime, release }, isInRecovery, slots }: Examined): string[] {
  if (hasRuntime) return [];
  return [
    'What replicas hold in memory: none of them serves a runtime half, so verdicts go by the rows.',
    ...(release?.from === 'NEWEST' ? [releaseInWords(release)] : []),
    ...(slots || isInRecovery ? [] : ['How many slots are taken: leases or chats cannot be read.']),
  ];
}
