/** `npm run start:router`: the replicas behind one address, as a subgraph for any federation 2 gateway. */
import { systemClock as clock } from '../../common/clock.ts';
import { replicaSettings } from '../../routing/settings.ts';
import { trustOf } from '../../server/graphql/authorize.ts';
import { runProcess } from '../../server/runProcess.ts';
import { readRouterSettings } from './config.ts';
import { startRouter } from './server.ts';

await runProcess('router', readRouterSettings, (settings, log) =>
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
