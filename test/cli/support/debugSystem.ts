/** A gateway over a database subgraph for a whole test file, replicas for each test, and the terminal that asks it. */
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import type { RunningServer } from '../../../server/app.ts';
import { makeLogger } from '../../../server/log.ts';
import { startDatabaseSubgraph } from '../../../subgraphs/database/server.ts';
import {
  callerToken,
  DIAGNOSIS_SETTINGS,
  type GatewayChanges,
  INTERNAL_SECRET,
  startTestGateway,
} from '../../gateway/gateways.ts';
import { type Finished, runScript } from '../../support/command.ts';
import { databasePerFile } from '../../support/database.ts';
import { replicasPerTest } from '../../support/replica.ts';

/** No system runs there. */
export const NOWHERE = '/nonexistent';
/** Settings for a machine under load. */
const PATIENT = { DATABASE_TIMEOUT_MS: '20000' };

/** Call at the top of a test file. Chats and replicas are gone after each test. */
export function debugSystemPerFile(changes: GatewayChanges = {}) {
  const database = databasePerFile();
  const running: RunningServer[] = [];
  const system = { url: '', token: '' };
  beforeAll(async () => {
    const subgraph = await startDatabaseSubgraph({
      ...{ ...DIAGNOSIS_SETTINGS, ...changes.diagnosis, databaseTimeoutMs: 20_000, databaseUrl: database.url },
      ...{ internalSecret: INTERNAL_SECRET, host: '127.0.0.1', port: 0, clock: systemClock },
      log: makeLogger('database', 'silent'),
    });
    running.push(subgraph);
    const gateway = await startTestGateway(subgraph, changes);
    running.unshift(gateway);
    system.url = gateway.url;
    system.token = await callerToken();
  });
  afterAll(async () => {
    for (const server of running) await server.stop();
  });
  const startReplica = replicasPerTest(() => database.url); // stops them before the rows go: hooks run last first
  afterEach(() => database.pool.query('TRUNCATE chats, replicas CASCADE'));

  const environment = () => ({ CHAT_DEBUG_URL: system.url, CHAT_DEBUG_TOKEN: system.token, DATA_DIR: NOWHERE });
  return {
    ...{ database, startReplica, system, environment },
    /** Runs the terminal to its end, with the settings that a person would have. */
    debug: (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Finished> =>
      runScript('dist/cli/chatDebug.js', args, { ...environment(), ...more }),
    /** `npm run chat`. @returns what it printed. @throws if it did not succeed */
    chat: async (...args: string[]): Promise<string> => {
      const settings = { DATABASE_URL: database.url, INTERNAL_SECRET, DATA_DIR: NOWHERE, ...PATIENT };
      const { code, stdout, stderr } = await runScript('dist/cli/chat.js', args, settings);
      if (code !== 0) throw new Error(`npm run chat -- ${args.join(' ')} ended with ${code}: ${stderr}`);
      return stdout.trim();
    },
  };
}
