/** Whose tables a database has, by the rules that the database subgraph goes by, and what stays unknown there. Pure. */
import { type Platform, type PlatformSettings, platformOf } from '../../subgraphs/database/platform.ts';
import { catalogOf } from '../../subgraphs/database/tables/found.ts';
import type { Examined } from './examined.ts';

/** @throws GraphQLError `SCHEMA_UNSUPPORTED` if the tables are not those of the platform that is set */
export const platformIn = ({ tables }: Examined, settings: PlatformSettings): Platform =>
  platformOf(catalogOf(tables), settings);

export function unknownOn({ name, hasRuntime }: Platform, settings: PlatformSettings): string[] {
  if (hasRuntime || name === 'own') return [];
  const release =
    'Thresholds are those of the newest release. Set `CODER_RELEASE` if it is from before 15 September 2026.';
  return [
    'What replicas hold in memory: none of them serves a runtime half, so verdicts go by the rows.',
    ...(settings.coderRelease === undefined ? [release] : []),
  ];
}
