/** The files of a checkout that one request passes through, found by running its processes and asking them. */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { insertChats, inTransaction } from '../../bench/support/chats.ts';
import { withDatabase } from '../../bench/support/postgres.ts';
import { systemClock } from '../../common/clock.ts';
import { signCallerToken } from '../../local/callerToken.ts';
import { freePort } from '../../local/ports.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import type { Asked, Passed } from './requestProcess.ts';

const AUTH_SECRET = randomUUID();
const QUERY = `query ($chatId: UUID!) {
  chatDebugSnapshot(chatId: $chatId) {
    executionState
    database { workerId runnerId queueDepth heartbeat { ageSeconds } messageStats { total } }
    runtime { reachability { status } runners { runnerId activeTaskKind } messageBuffers { partsBuffered } }
    diagnosis { verdict summary findings { code } }
  }
}`;

/**
 * Runs the gateway, the database subgraph and one replica of the checkout, with a chat that the replica works on.
 * @returns paths from the checkout's folder, in order
 */
export async function filesOfOneRequest(folder: string): Promise<readonly string[]> {
  let passed: readonly string[] = [];
  await withDatabase(async ({ url, pool }) => {
    const client = await pool.connect();
    const [chatId] = await inTransaction(client, () => insertChats(client, 1, '/stall'));
    client.release();
    const [port, databasePort] = [await freePort(systemClock), await freePort(systemClock)];
    const claims = { sub: randomUUID(), roles: [READ_ALL], lifetimeSeconds: 600 };
    const asked: Asked = {
      folder,
      url: `http://127.0.0.1:${port}/graphql`,
      token: await signCallerToken(AUTH_SECRET, claims, systemClock.now()),
      body: JSON.stringify({ query: QUERY, variables: { chatId } }),
    };
    const child = fork(new URL('./requestProcess.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: environmentWith({
        ...{ AUTH_SECRET, INTERNAL_SECRET: randomUUID(), DATABASE_URL: url, PORT: String(port) },
        DATABASE_SUBGRAPH_PORT: String(databasePort),
        DATABASE_SUBGRAPH_URL: `http://127.0.0.1:${databasePort}/graphql`,
      }),
    });
    let log = '';
    child.stderr?.on('data', (chunk) => {
      log += chunk;
    });
    child.send(asked);
    const ended = once(child, 'exit');
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Passed | number];
    child.disconnect();
    await ended;
    if (typeof message === 'number') throw new Error(`The processes of ${folder} could not be asked:\n${log}`);
    passed = message.files;
  });
  return passed;
}
