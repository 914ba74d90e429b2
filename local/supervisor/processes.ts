/** Processes that `npm start` starts, as data. */
import { environmentWith } from '../../server/settings/config.ts';
import { localUrl } from '../ports.ts';
import type { PostgresOptions } from '../postgres/embeddedPostgres.ts';
import type { ProcessSpec } from './childProcess.ts';

/** Defined in the output of `scripts/build.mjs`, and only there. */
declare const IS_BUILT: true | undefined;

/** Script of the same kind as this one. Built code starts built code; a source starts sources, and needs no build. */
const script = (built: string, source: string) =>
  new URL(typeof IS_BUILT === 'undefined' ? source : `../../dist/${built}`, import.meta.url);

const REPLICAS = ['replica 1', 'replica 2', 'replica 3'];

/** Facts that the processes must know of each other. */
export interface Wiring {
  readonly databaseUrl: string;
  readonly authSecret: string;
  readonly internalSecret: string;
  /** Address that all processes listen on. */
  readonly host: string;
  readonly gatewayPort: number;
  readonly databaseSubgraphPort: number;
  readonly recorderPort: number;
  readonly operatorPort: number;
}

export function postgresProcess(options: PostgresOptions): ProcessSpec {
  const environment = environmentWith({});
  return {
    name: 'Postgres',
    script: script('postgres.js', '../postgres/postgresMain.ts'),
    environment,
    message: options,
  };
}

/**
 * Specifications of the database subgraph, the replicas, the recorder, the operator and the gateway. They see the user's environment,
 * and the wiring on top.
 */
export function serverProcesses(wiring: Wiring): ProcessSpec[] {
  const environment = environmentWith({
    DATABASE_URL: wiring.databaseUrl,
    DATABASE_LISTEN_URL: environmentWith({}).DATABASE_LISTEN_URL || wiring.databaseUrl,
    AUTH_SECRET: wiring.authSecret,
    AUTH_JWKS_URL: '', // the token that is printed is ours
    SUBGRAPH_AUTH: '',
    INTERNAL_SECRET: wiring.internalSecret,
    HOST: wiring.host,
    PORT: String(wiring.gatewayPort),
    DATABASE_SUBGRAPH_PORT: String(wiring.databaseSubgraphPort),
    DATABASE_SUBGRAPH_URL: `${localUrl(wiring.host, wiring.databaseSubgraphPort)}/graphql`,
    RECORDER_PORT: String(wiring.recorderPort),
    RECORDER_URL: `${localUrl(wiring.host, wiring.recorderPort)}/graphql`,
    OPERATOR_PORT: String(wiring.operatorPort),
    OPERATOR_SUBGRAPH_URL: `${localUrl(wiring.host, wiring.operatorPort)}/graphql`,
    CHAT_DEBUG_URL: localUrl(wiring.host, wiring.gatewayPort),
    RUNTIME_PORT: '0', // one for each replica, new on each of its starts
    RELAY_ADDRESS: '',
    REPLICA_ADDRESS_ALLOW: environmentWith({}).REPLICA_ADDRESS_ALLOW || `127.0.0.0/8,::1/128,${wiring.host}`,
    LOG_LEVEL: environmentWith({}).LOG_LEVEL || 'warn',
  });
  const replica = script('replica.js', '../../subgraphs/runtime/main.ts');
  return [
    { name: 'database subgraph', script: script('database.js', '../../subgraphs/database/main.ts'), environment },
    ...REPLICAS.map((name) => ({ name, script: replica, environment })),
    { name: 'recorder', script: script('recorder.js', '../../subgraphs/recorder/main.ts'), environment },
    { name: 'operator', script: script('operator.js', '../../subgraphs/operator/main.ts'), environment },
    // The gateway takes longest to start, and needs no database.
    { name: 'gateway', script: script('gateway.js', '../../gateway/main.ts'), environment, startsAtOnce: true },
  ];
}
