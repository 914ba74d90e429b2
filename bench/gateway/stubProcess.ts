/**
 * A subgraph that answers from memory, in a process of its own. A new request gets made-up values that depend on the
 * ids alone.
 * A repeated request gets the same bytes, so that it costs little beside any gateway, and all gateways get the same.
 * It listens on as many ports as it is told, and announces their URLs with blanks between them.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execute, type GraphQLFieldResolver, getNamedType, getNullableType, isListType, parse } from 'graphql';
import { systemClock as clock } from '../../common/clock.ts';
import { announceReady } from '../../server/lifecycle.ts';
import { madeUpLeaf, schemaOf } from '../support/madeUp.ts';

/** First message to the process. */
export interface StubSpec {
  readonly subgraph: 'database' | 'runtime';
  /** Rows of the replica table. */
  readonly replicas: readonly { readonly id: string; readonly relayAddress: string }[];
  /** Milliseconds before each answer, for each port; -1: no answer. */
  readonly delaysMs: readonly number[];
}

const [{ subgraph, replicas, delaysMs }] = (await once(process, 'message')) as [StubSpec];

const objectsOf = ({ chatIds, chatId }: { chatIds?: string[]; chatId?: string }) => (chatIds ?? [chatId]).map(aChat);

/** Its owner follows from its id. */
function aChat(chatId: string | undefined) {
  const index = Number.parseInt(chatId?.slice(-4) ?? '0', 16);
  return chatId === undefined ? {} : { chatId, workerId: replicas[index % replicas.length]?.id };
}

const resolve: GraphQLFieldResolver<Record<string, unknown> | undefined, unknown> = (source, args, _, info) => {
  const { fieldName, returnType } = info;
  if (source && fieldName in source) return source[fieldName];
  const type = getNamedType(returnType);
  if (fieldName === 'localWorkerId') return source?.workerId;
  if (fieldName === 'stoppedAt' || fieldName === 'reason') return null;
  if (type.name === 'ReplicaRuntime') return { workerId: source?.id };
  if (type.name === 'Replica') return fieldName === 'replicas' ? replicas : replicas.find(({ id }) => id === args.id);
  const one = madeUpLeaf(type);
  if (!isListType(getNullableType(returnType))) return one ?? objectsOf({ ...source, ...args })[0];
  return one === undefined ? objectsOf({ ...source, ...args }) : [one];
};

const schema = schemaOf(subgraph);
const answers = new Map<string, Buffer>();

async function answer(body: string): Promise<Buffer> {
  const known = answers.get(body);
  if (known) return known;
  const { query, variables, operationName } = JSON.parse(body);
  const result = await execute({
    ...{ schema, document: parse(query), variableValues: variables, operationName, fieldResolver: resolve },
  });
  const made = Buffer.from(JSON.stringify(result));
  answers.set(body, made);
  return made;
}

/** @returns its URL */
async function listen(delayMs: number): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      if (delayMs < 0) return;
      if (delayMs > 0) await clock.sleep(delayMs);
      const bytes = await answer(Buffer.concat(chunks).toString());
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

process.once('disconnect', () => process.exit(0));
announceReady({ url: (await Promise.all(delaysMs.map(listen))).join(' ') });
