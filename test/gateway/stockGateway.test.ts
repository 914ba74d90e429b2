/** Apollo's own gateway, set up by its manual over the same supergraph, with nothing of ours in it. */
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { test } from '@jest/globals';
import Fastify from 'fastify';
import { switchOffVendorTelemetry } from '../../server/settings/config.ts';
import { callerSystemPerTest } from '../gateways/callerSystem.ts';
import { expectSameAnswers } from '../gateways/sameAnswers.ts';
import { databasePerFile } from '../support/database.ts';

const database = databasePerFile();
const startCallerSystem = callerSystemPerTest(database);

interface Context {
  authorization?: string;
}

test('it gives the same data as ours', async () => {
  const system = await startCallerSystem();
  switchOffVendorTelemetry();
  class Forwarding extends RemoteGraphQLDataSource<Context> {
    override willSendRequest({
      request,
      context,
    }: Parameters<NonNullable<RemoteGraphQLDataSource<Context>['willSendRequest']>>[0]) {
      request.http?.headers.set('authorization', context.authorization ?? '');
    }
  }
  const app = Fastify();
  const apollo = new ApolloServer<Context>({
    gateway: new ApolloGateway({
      supergraphSdl: system.supergraphSdl,
      buildService: ({ url }) => new Forwarding({ url: url ?? '' }),
    }),
    plugins: [fastifyApolloDrainPlugin(app)],
  });
  try {
    await apollo.start();
    await app.register(fastifyApollo<Context>(apollo), {
      context: async ({ headers: { authorization } }) => ({ ...(authorization && { authorization }) }),
    });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    await expectSameAnswers(system, { url: `${url}/graphql` });
  } finally {
    await apollo.stop();
    await app.close();
  }
});
