/** The subgraphs of a bench: the database, its replicas, and one plain server that answers what all of the replicas do. */
import { start } from './processes.ts';
import type { StubSpec } from './stubProcess.ts';

export interface Stubs {
  /** URLs without a path. */
  readonly database: string;
  readonly plain: string;
  readonly replicas: StubSpec['replicas'];
}

const idOf = (i: number) => `aaaaaaaa-0000-4000-8000-${(i + 1).toString(16).padStart(12, '0')}`;
const idsOf = (count: number) => Array.from({ length: count }, (_, i) => ({ id: idOf(i), relayAddress: '' }));

/** @returns URLs, as many as delays */
async function startRuntime(replicas: StubSpec['replicas'], delaysMs: readonly number[]): Promise<string[]> {
  const { url } = await start('./stubProcess.ts', { message: { subgraph: 'runtime', replicas, delaysMs } });
  return url.split(' ');
}

/** @returns its URL, without a path */
export async function startDatabase(replicas: StubSpec['replicas']): Promise<string> {
  return (await start('./stubProcess.ts', { message: { subgraph: 'database', replicas, delaysMs: [0] } })).url;
}

/** All in one process. @param delaysMs of each, as in `StubSpec` */
export async function startReplicas(delaysMs: readonly number[]): Promise<StubSpec['replicas']> {
  const urls = await startRuntime(idsOf(delaysMs.length), delaysMs);
  return urls.map((relayAddress, i) => ({ id: idOf(i), relayAddress }));
}

/** Each in a process of its own. */
export async function startStubs(count: number): Promise<Stubs> {
  const ids = idsOf(count);
  const [plain = ''] = await startRuntime(ids, [0]);
  const replicas: { id: string; relayAddress: string }[] = [];
  for (const { id } of ids) {
    const [relayAddress = ''] = await startRuntime(ids, [0]);
    replicas.push({ id, relayAddress });
  }
  return { database: await startDatabase(replicas), plain, replicas };
}
