/** A filled replica of the bench, in a process of its own, and the cost of a request to it. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Pool } from 'undici';
import { systemClock as clock } from '../../common/clock.ts';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { start } from '../gateway/processes.ts';
import { insertChats, inTransaction } from '../support/chats.ts';
import type { BenchDatabase } from '../support/postgres.ts';
import type { Question } from './questions.ts';
import type {
  BareAnswer,
  CpuAnswer,
  InspectionAnswer,
  Question as ProcessQuestion,
  ReplicaMessage,
} from './replicaMain.ts';

const BUFFER_TOTAL_BYTES = 256 * 2 ** 20;
const IDLE_MS = 18_000;

const internalSecret = randomUUID();

export interface FilledReplica {
  readonly runners: number;
  readonly url: string;
  readonly workerId: string;
  readonly chatIds: readonly string[];
  /** Milliseconds of CPU for each second in which nobody asks. */
  readonly idleMsPerSecond: number;
  /** An answer to one question, as text. */
  answerTo(question: Question): Promise<string>;
  /** Microseconds of CPU for one of many questions, one after the other, without what would have been used anyway. */
  costOf(url: string, times: number, question: () => Question): Promise<number>;
  /** Microseconds for one look by the inspector, without HTTP and GraphQL. */
  inspection(times: number): Promise<InspectionAnswer>;
  /** URL of a bare handler in the same process, which answers `constant` to everything. */
  bareUrl(constant: string): Promise<string>;
}

/** Resolves when it has as many runners as it may, and what streams has been streamed. */
export async function startFilled(database: BenchDatabase, runners: number): Promise<FilledReplica> {
  const client = await database.pool.connect();
  await inTransaction(client, () => insertChats(client, runners, 'hello'));
  client.release();
  const workerId = randomUUID();
  const message: ReplicaMessage = {
    ...{ databaseUrl: database.url, internalSecret, workerId, maxRunners: runners },
    bufferTotalBytes: BUFFER_TOTAL_BYTES,
  };
  const { child, url } = await start('../replica/replicaMain.ts', { message, isQuiet: true });
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM chats WHERE worker_id = $1', [workerId]);
  if (rows.length !== runners) throw new Error(`A replica works on ${rows.length} chats, not on ${runners}`);

  async function tell<Answer>(question: ProcessQuestion): Promise<Answer> {
    child.send(question);
    const [told] = (await once(child, 'message')) as [Answer];
    return told;
  }
  const cpuUs = async () => (await tell<CpuAnswer>({ tell: 'cpu' })).cpuUs;
  const idleSinceUs = await cpuUs();
  await clock.sleep(IDLE_MS);
  const idleUsPerMs = ((await cpuUs()) - idleSinceUs) / IDLE_MS;

  return {
    ...{ runners, url, workerId, chatIds: rows.map(({ id }) => id), idleMsPerSecond: idleUsPerMs },
    answerTo: async (question) => {
      const http = new Pool(url);
      const text = await ask(http, workerId, question);
      await http.close();
      return text;
    },
    costOf: async (asked, times, question) => {
      const http = new Pool(asked, { connections: 1 });
      const beforeUs = await cpuUs();
      const beganMs = clock.monotonicMs();
      for (let time = 0; time < times; time += 1) await ask(http, workerId, question());
      const idleUs = (clock.monotonicMs() - beganMs) * idleUsPerMs;
      const afterUs = await cpuUs();
      await http.close();
      return (afterUs - beforeUs - idleUs) / times;
    },
    inspection: (times) => tell<InspectionAnswer>({ tell: 'inspection', times }),
    bareUrl: async (constant) => (await tell<BareAnswer>({ tell: 'bare', constant })).url,
  };
}

async function ask(http: Pool, workerId: string, question: Question): Promise<string> {
  const token = await signInternalToken(internalSecret, workerId, { sub: 'bench', roles: [READ_ALL] });
  const { body } = await http.request({
    ...{ path: '/graphql', method: 'POST', body: JSON.stringify(question) },
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  });
  return body.text();
}
