/** One database subgraph for a whole test file, with replicas and gateways for each of its tests. */
import { afterAll, beforeAll } from '@jest/globals';
import type { RunningServer } from '../../subgraphs/serve.ts';
import { databasePerFile } from '../support/database.ts';
import { startDatabase } from './databaseWays.ts';
import { gatewaysPerTest } from './gateways.ts';
import { runtimesPerTest, shared } from './runtimes.ts';

/** Call at the top of a test file. Chats, replicas and all but the database subgraph are gone after each test. */
export function fleetPerFile() {
  const database = databasePerFile();
  const startGateway = gatewaysPerTest();
  const subgraph: { current?: RunningServer } = {};
  beforeAll(async () => {
    const limits = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 };
    subgraph.current = await startDatabase({ ...shared, ...limits, databaseUrl: database.url });
  });
  afterAll(() => subgraph.current?.stop());
  const gateway = (changes: Parameters<typeof startGateway>[1] = {}) =>
    startGateway({ url: subgraph.current?.url ?? '' }, changes);
  return { ...runtimesPerTest(database), database, startGateway, gateway };
}
