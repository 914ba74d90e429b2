/** One database subgraph and one gateway for a whole test file, with replicas for each of its tests. */
import { afterAll, beforeAll } from '@jest/globals';
import type { RunningServer } from '../../server/app.ts';
import { databasePerFile } from '../support/database.ts';
import { startDatabase } from './databaseWays.ts';
import { type GatewayChanges, gatewayPerFile, gatewaysPerTest } from './gateways.ts';
import { runtimesPerTest, shared } from './runtimes.ts';

/** Call at the top of a test file. Chats, replicas and gateways with changes are gone after each test. */
export function fleetPerFile() {
  const database = databasePerFile();
  const startGateway = gatewaysPerTest();
  const subgraph: { current?: RunningServer } = {};
  const subgraphUrl = () => ({ url: subgraph.current?.url ?? '' });
  const gatewayOfFile = gatewayPerFile(subgraphUrl);
  beforeAll(async () => {
    const limits = { staleAfterSeconds: 30, noProgressSeconds: 60, databaseTimeoutMs: 20_000 };
    subgraph.current = await startDatabase({ ...shared, ...limits, databaseUrl: database.url });
  });
  afterAll(() => subgraph.current?.stop());
  /** @param changes unset: the gateway that all tests of the file share */
  const gateway = (changes?: GatewayChanges) => (changes ? startGateway(subgraphUrl(), changes) : gatewayOfFile());
  return { ...runtimesPerTest(database), database, startGateway, gateway };
}
