/** `npm run start:router`: the replicas behind one address, as a subgraph for any federation 2 gateway. */
import { systemClock as clock } from '../../common/clock.ts';
import { REPLICA_SETTINGS, replicaSettings } from '../../routing/settings.ts';
import { TRUST_SETTINGS, trustOf } from '../../server/graphql/authorize.ts';
import { PROCESS_SETTINGS, runProcess } from '../../server/runProcess.ts';
import { readEnvironment } from '../../server/settings/config.ts';
import { databaseElsewhere, subgraphKey } from '../../server/settings/settingsRules.ts';
import { startRouter } from './server.ts';

/** @throws SettingsError naming every bad one */
const readSettings = () =>
  readEnvironment(
    ['ROUTER_PORT', 'HOST', ...TRUST_SETTINGS, ...REPLICA_SETTINGS, ...PROCESS_SETTINGS],
    ['INTERNAL_SECRET'],
    [subgraphKey, databaseElsewhere],
  );

await runProcess('router', readSettings, (settings, log) =>
  startRouter({
    trust: trustOf(settings),
    internalSecret: settings.INTERNAL_SECRET,
    databaseSubgraphUrl: settings.DATABASE_SUBGRAPH_URL,
    replicas: replicaSettings(settings),
    databaseTimeoutMs: settings.DATABASE_TIMEOUT_MS,
    host: settings.HOST,
    port: settings.ROUTER_PORT,
    clock,
    log,
  }),
);
