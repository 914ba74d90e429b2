/**
 * A process in which a database subgraph and three replicas answer whatever the schema allows, at once, with lists of
 * the asked length.
 * It sends its URL once it listens. It is also the client, so that its parent does only a gateway's work.
 */
import { ApolloServer } from '@apollo/server';
import fastifyApollo from '@as-integrations/fastify';
import Fastify from 'fastify';
import { type GraphQLFieldResolver, getNamedType, getNullableType, isLeafType, isListType } from 'graphql';
import { madeUpLeaf, schemaOf } from './madeUp.ts';

const REPLICAS = [1, 2, 3].map((i) => `aaaaaaaa-0000-4000-8000-00000000000${i}`);
const CHAT = 'cccccccc-0000-4000-8000-000000000001';

/** Value that an earlier resolver put there, else something of the field's type. */
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
    if (isLeafType(type)) return madeUpLeaf(type);
    const workerId = REPLICAS[i % REPLICAS.length];
    return { chatId: CHAT, workerId, id: workerId, relayAddress: url, stoppedAt: null, size: first };
  };
  if (!isListType(getNullableType(returnType))) return one(0);
  const length = chatIds?.length ?? first ?? (type.name.endsWith('Edge') ? (source?.size ?? 20) : REPLICAS.length);
  return Array.from({ length: Number(length) }, (_unused, i) => one(i));
};

let url = '';
const app = Fastify({ bodyLimit: 50_000_000 });
for (const name of ['database', 'runtime'] as const) {
  const apollo = new ApolloServer({ schema: schemaOf(name), fieldResolver: anything, csrfPrevention: false });
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
