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

export async function startStubs(count: number): Promise<Stubs> {
  const ids = Array.from({ length: count }, (_, i) => idOf(i));
  const addressless = ids.map((id) => ({ id, relayAddress: '' }));
  const runtime = () =>
    start('./stubProcess.ts', { message: { subgraph: 'runtime', replicas: addressless, delayMs: 0 } });
  const plain = await runtime();
  const replicas: { id: string; relayAddress: string }[] = [];
  for (const id of ids) replicas.push({ id, relayAddress: (await runtime()).url });
  const database = await start('./stubProcess.ts', { message: { subgraph: 'database', replicas, delayMs: 0 } });
  return { database: database.url, plain: plain.url, replicas };
}
