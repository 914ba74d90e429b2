/**
 * A process in which a database subgraph and three replicas answer whatever the schema allows, at once and with lists as
 * long as were asked for. Sends its URL once it listens. It is also the client, so that all that is left to the process that
 * started it is what a gateway does.
 */
import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import fastifyApollo from '@as-integrations/fastify';
import Fastify from 'fastify';
import {
  type GraphQLFieldResolver,
  getNamedType,
  getNullableType,
  isEnumType,
  isLeafType,
  isListType,
  parse,
} from 'graphql';

const REPLICAS = [1, 2, 3].map((i) => `aaaaaaaa-0000-4000-8000-00000000000${i}`);
const CHAT = 'cccccccc-0000-4000-8000-000000000001';
const VALUES: Readonly<Record<string, unknown>> = {
  Boolean: true,
  DateTime: '2026-11-22T09:30:00.000Z',
  Float: 1.5,
  ID: 'x',
  Int: 7,
  JSON: { kind: 'x' },
  SafeInt: 7,
  String: 'text',
  UUID: CHAT,
};

/** What an earlier resolver put there, else something of the field's type. */
const anything: GraphQLFieldResolver<Record<string, unknown>, unknown> = (
  source,
  args,
  _,
  { fieldName, returnType },
) => {
  if (source && fieldName in source) return source[fieldName];
  const type = getNamedType(returnType);
  const { chatIds, first } = args as { chatIds?: unknown[]; first?: number };
  const one = (i: number): unknown => {
    if (isEnumType(type)) return type.getValues()[0]?.value;
    if (isLeafType(type)) return VALUES[type.name];
    const workerId = REPLICAS[i % REPLICAS.length];
    return { chatId: CHAT, workerId, id: workerId, relayAddress: url, stoppedAt: null, size: first };
  };
  if (!isListType(getNullableType(returnType))) return one(0);
  const length = chatIds?.length ?? first ?? (type.name.endsWith('Edge') ? (source?.size ?? 20) : REPLICAS.length);
  return Array.from({ length: Number(length) }, (_unused, i) => one(i));
};

let url = '';
const app = Fastify({ bodyLimit: 50_000_000 });
for (const name of ['database', 'runtime']) {
  const file = new URL(`../../subgraphs/${name}/schema.graphql`, import.meta.url);
  const schema = buildSubgraphSchema({ typeDefs: parse(readFileSync(file, 'utf8')) });
  const apollo = new ApolloServer({ schema, fieldResolver: anything, csrfPrevention: false });
  await apollo.start();
  await app.register(fastifyApollo(apollo), { path: name === 'database' ? '/database/graphql' : '/graphql' });
}
url = await app.listen({ host: '127.0.0.1', port: 0 });

/** A question for the gateway. What comes back is its status and its first error. */
interface Ask {
  readonly to: string;
  readonly token: string;
  readonly body: string;
}

process.on('message', async ({ to, token, body }: Ask) => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(to, { method: 'POST', headers, body });
  const answer = (await response.json()) as { errors?: { message: string; extensions: { code: string } }[] };
  const { message, extensions } = answer.errors?.[0] ?? {};
  process.send?.({ status: response.status, code: extensions?.code, message });
});
process.send?.(url);
