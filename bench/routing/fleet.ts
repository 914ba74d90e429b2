/**
 * The system as users run it, for one question. Replicas with real workers on a real Postgres, the database subgraph
 * and the gateway are processes.
 * Fifty chats stream on one replica, and fifty more on three.
 */
import * as z from 'zod';
import { systemClock as clock } from '../../common/clock.ts';
import { ourEnvironment, startOurs } from '../gateway/contenders.ts';
import { type AskedProcess, ask } from '../gateway/latency.ts';
import { start } from '../gateway/processes.ts';
import { FIFTY_CHATS } from '../gateway/shapes.ts';
import { insertChats, inTransaction } from '../support/chats.ts';
import type { BenchDatabase } from '../support/postgres.ts';

const CHATS = 50;
const LOOK_EVERY_MS = 200;
const WAIT_MS = 30_000;

/** Answer that shows every chat at work at its owner. */
const answer = z.object({
  data: z.object({
    chatDebugSnapshots: z.array(
      z.object({
        runtime: z.object({
          reachability: z.object({ status: z.literal('OK') }),
          runners: z.array(z.object({ phase: z.literal('RUNNING') })).length(1),
          messageBuffers: z.array(z.object({ isClosed: z.literal(false) })).length(1),
        }),
      }),
    ),
  }),
});

/** Resolves when all that is asked about streams. @returns the question about the fifty of three, and about the fifty of one */
export async function startFleet({ url: databaseUrl, pool }: BenchDatabase): Promise<[AskedProcess, AskedProcess]> {
  const { DATABASE_TIMEOUT_MS = '', INTERNAL_SECRET = '' } = ourEnvironment('');
  const common = { DATABASE_URL: databaseUrl, INTERNAL_SECRET, DATABASE_TIMEOUT_MS };
  const run = (file: string, environment: Readonly<Record<string, string>>) =>
    start(`../../dist/${file}.js`, { environment: { ...common, ...environment }, isQuiet: true });
  const { url: subgraph } = await run('database', { DATABASE_SUBGRAPH_PORT: '0' });
  const gateway = await startOurs(subgraph);
  const chatsOn = async (...capacities: readonly number[]): Promise<AskedProcess> => {
    const client = await pool.connect();
    const chats = await inTransaction(client, () => insertChats(client, CHATS, '/stall'));
    client.release();
    await Promise.all(capacities.map((all) => run('replica', { RUNTIME_PORT: '0', MAX_RUNNERS: String(all) })));
    const body = JSON.stringify({ query: FIFTY_CHATS.query, variables: { chats } });
    const asked = { name: gateway.name, contender: gateway, body };
    const begunMs = clock.monotonicMs();
    for (;;) {
      const { error } = answer.safeParse(JSON.parse((await ask(asked)).text));
      if (!error) return asked;
      if (clock.monotonicMs() - begunMs > WAIT_MS) throw error;
      await clock.sleep(LOOK_EVERY_MS);
    }
  };
  const one = await chatsOn(CHATS); // full, so that the next fifty go elsewhere
  return [await chatsOn(17, 17, 16), one];
}
