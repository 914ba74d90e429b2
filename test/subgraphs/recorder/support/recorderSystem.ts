/** Database subgraph, gateway, recorders and replicas as processes of their own, over a database of a test file. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeAll } from '@jest/globals';
import { systemClock } from '../../../../common/clock.ts';
import { freePort } from '../../../../local/ports.ts';
import { AUTH_SECRET, INTERNAL_SECRET } from '../../../gateway/gateways.ts';
import { databasePerFile } from '../../../support/database.ts';
import { type ServerProcess, startServerProcess } from '../../../support/serverProcess.ts';
import { emptyIncidentTables, makeIncidentTables } from './incidentTables.ts';

type Environment = Readonly<Record<string, string>>;

/** Call at the top of a test file. Processes, chats and incidents are gone after each test. */
export function recorderSystemPerFile() {
  const database = databasePerFile();
  const children: ChildProcess[] = [];
  const lines: string[] = [];
  beforeAll(() => makeIncidentTables(database.pool));
  afterEach(async () => {
    await Promise.all(children.splice(0).map(ended));
    lines.splice(0);
    await emptyIncidentTables(database.pool);
    await database.pool.query('TRUNCATE chats, replicas CASCADE');
  });
  const start = (script: string, environment: Environment): Promise<ServerProcess> =>
    startServerProcess(
      script,
      {
        ...{ DATABASE_URL: database.url, DATABASE_TIMEOUT_MS: '20000', HOST: '127.0.0.1', INTERNAL_SECRET },
        ...environment,
      },
      { onProcess: (child) => children.push(child), onLine: (line) => lines.push(line) },
    );
  return {
    ...{ database, lines },
    /**
     * Starts the database subgraph and a gateway. Recorders and replicas come later.
     * @param common settings of every process
     */
    startSystem: async (common: Environment = {}) => {
      const recorderPort = await freePort(systemClock);
      const subgraph = await start('dist/database.js', { ...common, DATABASE_SUBGRAPH_PORT: '0' });
      const gateway = await start('dist/gateway.js', {
        ...{ ...common, PORT: '0', AUTH_SECRET, RATE_LIMIT_PER_MINUTE: '0', REPLICA_TIMEOUT_MS: '5000' },
        ...{
          DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql`,
          RECORDER_URL: `http://127.0.0.1:${recorderPort}/graphql`,
        },
      });
      const startRecorder = (environment: Environment = {}) =>
        start('dist/recorder.js', { ...common, CHAT_DEBUG_URL: gateway.url, RECORDER_PORT: '0', ...environment });
      return {
        ...{ subgraph, gateway, startRecorder },
        /** Starts the recorder that the gateway reads incidents from. */
        startOwnRecorder: (environment: Environment = {}) =>
          startRecorder({ ...environment, RECORDER_PORT: String(recorderPort) }),
        startReplica: (environment: Environment = {}) =>
          start('dist/replica.js', { ...common, RUNTIME_PORT: '0', ...environment }),
      };
    },
  };
}

/** Ends a process, also a stopped one. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
