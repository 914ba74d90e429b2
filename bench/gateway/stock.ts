/** Apollo's gateway as its documentation starts it: its own client of the subgraphs, its standalone server, no options. */
import { once } from 'node:events';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { announceReady } from '../../server/lifecycle.ts';
import { switchOffVendorTelemetry } from '../../server/settings/config.ts';

const [{ supergraphSdl }] = (await once(process, 'message')) as [{ supergraphSdl: string }];
switchOffVendorTelemetry();
const gateway = new ApolloGateway({
  supergraphSdl,
  buildService: ({ url }) => new RemoteGraphQLDataSource({ url: url ?? '' }),
});
const { url } = await startStandaloneServer(new ApolloServer({ gateway }), { listen: { port: 0, host: '127.0.0.1' } });
process.once('disconnect', () => process.exit(0));
announceReady({ url: url.replace(/\/$/, '') });
