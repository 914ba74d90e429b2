/** The settings of the router's process. */
import { REPLICA_SETTINGS } from '../../routing/settings.ts';
import { TRUST_SETTINGS } from '../../server/graphql/authorize.ts';
import { PROCESS_SETTINGS } from '../../server/runProcess.ts';
import { readEnvironment } from '../../server/settings/config.ts';
import { databaseElsewhere, subgraphKey } from '../../server/settings/settingsRules.ts';

/** @throws SettingsError naming every bad one */
export const readRouterSettings = () =>
  readEnvironment(
    ['ROUTER_PORT', 'HOST', ...TRUST_SETTINGS, ...REPLICA_SETTINGS, ...PROCESS_SETTINGS],
    ['INTERNAL_SECRET'],
    [subgraphKey, databaseElsewhere],
  );
