/** What `npm start` starts, as data. */
import { environmentWith } from '../common/config.ts';
import type { ProcessSpec } from './childProcess.ts';
import type { PostgresOptions } from './embeddedPostgres.ts';
import { localUrl } from './ports.ts';

const REPLICAS = ['replica 1', 'replica 2', 'replica 3'];

/** What the processes must know of each other. */
export interface Wiring {
  readonly databaseUrl: string;
  readonly authSecret: string;
  readonly internalSecret: string;
  /** Where they listen. */
  readonly host: string;
  readonly gatewayPort: number;
  readonly databaseSubgraphPort: number;
}

export function postgresProcess(options: PostgresOptions): ProcessSpec {
  const script = new URL('./postgresMain.ts', import.meta.url);
  return { name: 'Postgres', script, environment: environmentWith({}), message: options };
}

/** The database subgraph, the replicas and the gateway. They see the user's environment, and the wiring on top. */
export function serverProcesses(wiring: Wiring): ProcessSpec[] {
  const environment = environmentWith({
    DATABASE_URL: wiring.databaseUrl,
    AUTH_SECRET: wiring.authSecret,
    AUTH_JWKS_URL: '', // the token that is printed is ours
    SUBGRAPH_AUTH: '',
    INTERNAL_SECRET: wiring.internalSecret,
    HOST: wiring.host,
    PORT: String(wiring.gatewayPort),
    DATABASE_SUBGRAPH_PORT: String(wiring.databaseSubgraphPort),
    DATABASE_SUBGRAPH_URL: `${localUrl(wiring.host, wiring.databaseSubgraphPort)}/graphql`,
    RUNTIME_PORT: '0', // one for each replica, new on each of its starts
    RELAY_ADDRESS: '',
    REPLICA_ADDRESS_ALLOW: environmentWith({}).REPLICA_ADDRESS_ALLOW || `127.0.0.0/8,::1/128,${wiring.host}`,
    LOG_LEVEL: environmentWith({}).LOG_LEVEL || 'warn',
  });
  const spec = (name: string, script: string) => ({ name, script: new URL(script, import.meta.url), environment });
  return [
    spec('database subgraph', '../subgraphs/database/main.ts'),
    ...REPLICAS.map((name) => spec(name, '../subgraphs/runtime/main.ts')),
    spec('gateway', '../gateway/main.ts'),
  ];
}
