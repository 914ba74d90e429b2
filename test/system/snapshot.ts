/** Questions of the tests to a running system, and its answers. */
import { expect } from '@jest/globals';
import { askGateway, type GraphqlError } from '../gateway/gateways.ts';
import { until } from '../support/until.ts';
import type { System } from './system.ts';

/** The answer to the query that `npm start` prints. */
export interface Snapshot {
  executionState: string;
  database: {
    status: string;
    workerId: string | null;
    runnerId: string | null;
    queueDepth: number;
    heartbeat: { ageSeconds: number; isStale: boolean } | null;
    messageStats: { total: number; deleted: number; byRole: { role: string; count: number }[] };
  };
  runtime: {
    reachability: { status: string };
    workerIdMatchesLocal: boolean | null;
    runners: { runnerId: string; activeTaskKind: string | null; activeTask: object | null }[] | null;
    messageBuffers: { partsBuffered: number; bytesBuffered: number; isClosed: boolean }[] | null;
  } | null;
}

/** Query of the output, with the chat's id in its place. */
function queryToPaste({ output }: Pick<System, 'output'>, chatId: string): string {
  const query = /^\{\n {2}chatDebugSnapshot\(chatId: "CHAT_ID"\)[\s\S]*?^\}$/m.exec(output())?.[0] ?? '';
  return query.replace('CHAT_ID', chatId);
}

interface Answer<Data> {
  readonly data: Data;
  readonly errors: GraphqlError[];
}

/** Asks with the token that may read everything, unless another is given; it must be answered with data. */
export async function ask<Data>(
  { gatewayUrl, token: ownToken }: System,
  query: string,
  { variables = {}, token = ownToken }: { variables?: object; token?: string } = {},
): Promise<Answer<Data>> {
  const { status, body } = await askGateway<Data>({ url: gatewayUrl }, query, { variables, token });
  if (status !== 200 || !body.data) throw new Error(`Answered with ${status} and ${JSON.stringify(body)}`);
  return { data: body.data, errors: body.errors ?? [] };
}

export async function snapshotOf(system: System, chatId: string): Promise<{ chat: Snapshot; errors: GraphqlError[] }> {
  const { data, errors } = await ask<{ chatDebugSnapshot: Snapshot | null }>(system, queryToPaste(system, chatId));
  const { chatDebugSnapshot: chat } = data;
  if (!chat) throw new Error(`Answered without the chat ${chatId}, and with ${JSON.stringify(errors)}`);
  return { chat, errors };
}

/** Asks again and again until the answer is as `wanted`. */
export const snapshotUntil = (system: System, chatId: string, wanted: (chat: Snapshot) => boolean): Promise<Snapshot> =>
  until(`the snapshot is as wanted: ${wanted}`, async () => {
    const { chat } = await snapshotOf(system, chatId);
    return wanted(chat) && chat;
  });

/** The ids of the replicas whose rows are fresh, once they are three. */
export const threeAlive = (system: System): Promise<string[]> =>
  until('three replicas are alive', async () => {
    const { data } = await ask<{ replicas: { id: string }[] }>(system, '{ replicas(alive: true) { id } }');
    return data.replicas.length === 3 && data.replicas.map(({ id }) => id);
  });

/** Total = deleted + the sum of the roles. */
export function expectToAddUp({ total, deleted, byRole }: Snapshot['database']['messageStats']): void {
  expect(total).toBe(byRole.reduce((sum, { count }) => sum + count, deleted));
}
