/** The whole system on one machine, from the first folder to the last process, and back. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../common/clock.ts';
import { AUDIT, OPERATE } from '../domain/actions/rights.ts';
import { READ_ALL } from '../server/tokens/internalToken.ts';
import { signCallerToken } from './callerToken.ts';
import { type DataDirectory, openDataDirectory } from './dataDirectory.ts';
import { assertPortFree, freePort, localUrl } from './ports.ts';
import { type PostgresOptions, postgresUrl } from './postgres/embeddedPostgres.ts';
import { stopLeftOverPostgres } from './postgres/leftOverPostgres.ts';
import { migrate, migrateRecorder, prepareGiven } from './postgres/prepareDatabase.ts';
import { describeReady, type ProcessSpec, type Ready } from './supervisor/childProcess.ts';
import { postgresProcess, type Wiring } from './supervisor/processes.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { removeSystemFile, type SystemFile, writeSystemFile } from './systemFile.ts';

export interface SystemSettings {
  readonly dataDir: string;
  /** URL of a database; undefined: an embedded Postgres in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** True if the tables may be made in a database that has none of them. */
  readonly mayMigrate?: boolean;
  readonly host: string;
  /** Port of the gateway; 0: any free one. */
  readonly port: number;
  /** Port of the database subgraph; 0: any free one. */
  readonly databaseSubgraphPort: number;
  /** Port of the recorder; 0: any free one. */
  readonly recorderPort: number;
  /** Port of the operator; 0: any free one. */
  readonly operatorPort: number;
  /** Secret of callers' tokens; undefined: the one kept in `dataDir`. */
  readonly authSecret: string | undefined;
  /** Issuer and audience, `iss` and `aud`, of the token that is printed. */
  readonly authIssuer?: string | undefined;
  readonly authAudience?: string | undefined;
  /** Secret between processes; undefined: the one kept in `dataDir`. */
  readonly internalSecret: string | undefined;
}

type Report = (line: string) => void;

interface Surroundings {
  readonly clock: Clock;
  /** Ends the system when it aborts, at any moment. */
  readonly signal: AbortSignal;
  /** Specifications of the processes beside Postgres. */
  readonly servers: (wiring: Wiring) => ProcessSpec[];
  /** Takes lines for the person. */
  readonly report: Report;
  /** Called once all is up. */
  readonly onRunning: (system: SystemFile) => void;
}

/** Roles of the token that is printed: its holder owns this machine. */
const LOCAL_ROLES = [READ_ALL, OPERATE, AUDIT];
const TOKEN_LIFETIME_SECONDS = 30 * 86_400;
/** Milliseconds in which the processes of a killed system notice its end and stop. */
const KILLED_SYSTEM_LIMIT_MS = 5_000;

/**
 * Runs until `signal` aborts and all is stopped. Nothing is left behind, however it ends.
 * @throws StartError, SchemaStateError if it cannot start, or if `signal` aborts before it has
 */
export async function runSystem(settings: SystemSettings, surroundings: Surroundings): Promise<void> {
  const { clock, signal } = surroundings;
  const holder = `process ${process.pid}, which started at ${clock.now().toISOString()}`;
  const data = await openDataDirectory(settings.dataDir, holder);
  const supervisor = new Supervisor(clock, surroundings.report);
  const stop = () => void supervisor.stop();
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    const system = await startSystem(settings, data, supervisor, surroundings);
    writeSystemFile(data.path, system);
    surroundings.onRunning(system);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    signal.removeEventListener('abort', stop);
    removeSystemFile(data.path);
    await supervisor.stop();
    await stopLeftOverPostgres(postgresFolder(data), clock); // its keeper may have crashed a moment ago
    await data.release();
  }
}

async function startSystem(
  settings: SystemSettings,
  data: DataDirectory,
  supervisor: Supervisor,
  { clock, report, servers }: Surroundings,
): Promise<SystemFile> {
  const { host } = settings;
  const gatewayPort = settings.port || (await freePort(clock, [settings.databaseSubgraphPort]));
  const waitMs = removeSystemFile(data.path) ? KILLED_SYSTEM_LIMIT_MS : 0; // one is left by a system that was killed
  await assertPortFree({ host, port: gatewayPort, setting: 'PORT' }, waitMs, clock);
  const databaseSubgraphPort = settings.databaseSubgraphPort || (await freePort(clock, [gatewayPort]));
  await assertPortFree({ host, port: databaseSubgraphPort, setting: 'DATABASE_SUBGRAPH_PORT' }, waitMs, clock);
  const recorderPort = settings.recorderPort || (await freePort(clock, [gatewayPort, databaseSubgraphPort]));
  await assertPortFree({ host, port: recorderPort, setting: 'RECORDER_PORT' }, waitMs, clock);
  const others = [gatewayPort, databaseSubgraphPort, recorderPort];
  const operatorPort = settings.operatorPort || (await freePort(clock, others));
  await assertPortFree({ host, port: operatorPort, setting: 'OPERATOR_PORT' }, waitMs, clock);

  const embedded = {
    folder: postgresFolder(data),
    port: await freePort(clock, [...others, operatorPort]),
    password: data.secrets.postgresPassword,
  };
  const databaseUrl = settings.databaseUrl ?? postgresUrl(embedded);
  const database = settings.databaseUrl
    ? prepareGiven(databaseUrl, settings.mayMigrate ?? false).then(tellApplied(report))
    : startDatabase(embedded, supervisor, report);

  const authSecret = settings.authSecret ?? data.secrets.authSecret;
  const internalSecret = settings.internalSecret ?? data.secrets.internalSecret;
  const ports = { gatewayPort, databaseSubgraphPort, recorderPort, operatorPort };
  const wiring = { databaseUrl, authSecret, internalSecret, host, ...ports };
  await supervisor.start(servers(wiring), tellReady(report), database);

  const { ownerId } = data.secrets;
  const { authIssuer: issuer, authAudience: audience } = settings;
  const claims = { sub: ownerId, roles: LOCAL_ROLES, lifetimeSeconds: TOKEN_LIFETIME_SECONDS, issuer, audience };
  const token = await signCallerToken(authSecret, claims, clock.now());
  return { databaseUrl, gatewayUrl: localUrl(host, gatewayPort), authSecret, internalSecret, token, ownerId };
}

/** Starts the embedded Postgres as the first stage. Resolves when a database with all migrations is there. */
async function startDatabase(options: PostgresOptions, supervisor: Supervisor, report: Report): Promise<void> {
  if (!existsSync(options.folder)) report(`a database is made in ${options.folder}`);
  await supervisor.start([postgresProcess(options)], tellReady(report));
  const url = postgresUrl(options);
  tellApplied(report)([...(await migrate(url)), ...(await migrateRecorder(url, 'DATABASE_URL'))]);
}

const tellApplied = (report: Report) => (applied: readonly string[]) => {
  if (applied.length > 0) report(`migrations applied: ${applied.join(', ')}`);
};

const tellReady = (report: Report) => (name: string, ready: Ready) =>
  report(`${name} is ready: ${describeReady(ready)}`);

const postgresFolder = (data: DataDirectory) => join(data.path, 'postgres');
