/** The built processes of a deployment, on a database that the test brings: a subgraph, a gateway, and replicas. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import { signCallerToken } from '../../../local/callerToken.ts';
import { READ_ALL } from '../../../server/tokens/internalToken.ts';
import type { ServerProcess } from '../../support/serverProcess.ts';
import { Field, type FieldSystem } from './field.ts';

const SECRETS = {
  authSecret: 'a secret of callers in the field, long enough',
  internalSecret: 'an internal secret in the field, long enough',
};
const TOKEN_SECONDS = 3_600;

/** Starts a process that ends with the test. */
export type StartProcess = (script: string, environment: Readonly<Record<string, string>>) => Promise<ServerProcess>;

export interface Deployment {
  readonly field: Field;
  readonly subgraph: ServerProcess;
  readonly gateway: ServerProcess;
  /** One more. @param changes to the environment that all processes have */
  startReplica(changes?: Readonly<Record<string, string>>): Promise<ServerProcess>;
}

/** @param environment of all processes, on top of short times */
export async function startDeployment(
  startProcess: StartProcess,
  { url, pool }: { readonly url: string; readonly pool: pg.Pool },
  environment: Readonly<Record<string, string>> = {},
): Promise<Deployment> {
  const { authSecret, internalSecret } = SECRETS;
  const shared = {
    ...{ DATABASE_URL: url, INTERNAL_SECRET: internalSecret, RATE_LIMIT_PER_MINUTE: '0', REPLICA_TIMEOUT_MS: '20000' },
    MCP_RATE_LIMIT_PER_MINUTE: '0',
    ...{ HEARTBEAT_INTERVAL_SECONDS: '0.5', HEARTBEAT_STALE_SECONDS: '8', ACQUISITION_INTERVAL_SECONDS: '0.5' },
    DATABASE_TIMEOUT_MS: '20000',
    ...environment,
  };
  const subgraph = await startProcess('dist/database.js', { ...shared, DATABASE_SUBGRAPH_PORT: '0' });
  const gateway = await startProcess('dist/gateway.js', {
    ...{ ...shared, PORT: '0', AUTH_SECRET: authSecret, DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql` },
  });
  const claims = { sub: randomUUID(), roles: [READ_ALL], lifetimeSeconds: TOKEN_SECONDS };
  const token = await signCallerToken(authSecret, claims, systemClock.now());
  const system: FieldSystem = { gatewayUrl: gateway.url, databaseUrl: url, pool, token, authSecret, internalSecret };
  return {
    ...{ field: new Field(() => system), subgraph, gateway },
    startReplica: (changes = {}) => startProcess('dist/replica.js', { ...shared, RUNTIME_PORT: '0', ...changes }),
  };
}
