/**
 * Second readings, for a diagnosis: what it required of a chat is asked once more, through the gateway itself and as the same
 * caller, so that the same rules and routes hold. The operation asks for no diagnosis, so it never comes back here. It
 * shares the time for replicas of the request that it belongs to.
 */

import type { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import DataLoader from 'dataloader';
import { z } from 'zod';
import type { Logger } from '../common/log.ts';
import { requiredFields } from '../subgraphs/diagnosis/requiredFields.ts';
import type { DiagnosisField, Reread } from '../subgraphs/diagnosis/resolvers.ts';
import { readSnapshot, type Snapshot } from '../subgraphs/diagnosis/snapshot.ts';
import type { GatewayContext } from './gatewayContext.ts';

/** What `chatDebugSnapshots` takes. */
const MOST_AT_ONCE = 100;

/** For one fetch: chats that are read again at the same time are read together. */
export type MakeReread = (context: GatewayContext) => Reread;

const answer = z.object({ chats: z.array(z.unknown()) });

const operationFor = (field: DiagnosisField) =>
  `query Again($chatIds: [UUID!]!) { chats: chatDebugSnapshots(chatIds: $chatIds) { chatId ${requiredFields(field)} } }`;

/** @param gateway asked for nothing before the first second reading: it must be loaded by then */
export function makeRereads(gateway: ApolloGateway, log: Logger): MakeReread {
  const server = serverOver(gateway, log);
  const operations = { diagnosis: operationFor('diagnosis'), diagnosisEverywhere: operationFor('diagnosisEverywhere') };

  const ask = async (context: GatewayContext, field: DiagnosisField, chatIds: readonly string[]) => {
    const { body } = await server.executeOperation(
      { query: operations[field], variables: { chatIds } },
      { contextValue: { ...context } },
    );
    const { chats } = answer.parse(body.kind === 'single' ? body.singleResult.data : undefined);
    return chatIds.map((_, i) => snapshotIn(chats[i]));
  };
  const read = async (context: GatewayContext, field: DiagnosisField, chatIds: readonly string[]) => {
    try {
      return await ask(context, field, chatIds);
    } catch (err) {
      log.error({ err, requestId: context.requestId }, 'chats could not be read a second time');
      return chatIds.map(() => undefined);
    }
  };

  return (context) => {
    const loader = (field: DiagnosisField) =>
      new DataLoader<string, Snapshot | undefined>((chatIds) => read(context, field, chatIds), {
        maxBatchSize: MOST_AT_ONCE,
      });
    const loaders = { diagnosis: loader('diagnosis'), diagnosisEverywhere: loader('diagnosisEverywhere') };
    return (field, chatId) => loaders[field].load(chatId);
  };
}

/** A chat that is not there any more is as good as one that could not be read. */
const snapshotIn = (value: unknown): Snapshot | undefined =>
  typeof value === 'object' && value !== null ? readSnapshot(value) : undefined;

/** Executes operations over the same gateway without what is set for clients: their limits were applied already. */
function serverOver(gateway: ApolloGateway, log: Logger): ApolloServer<GatewayContext> {
  type Schema = Parameters<Parameters<typeof gateway.onSchemaLoadOrUpdate>[0]>[0];
  let loaded: Schema | undefined;
  gateway.onSchemaLoadOrUpdate((schema) => {
    loaded = schema;
  });
  return new ApolloServer<GatewayContext>({
    gateway: {
      onSchemaLoadOrUpdate: (callback) => {
        if (loaded) callback(loaded);
        return gateway.onSchemaLoadOrUpdate(callback);
      },
      load: async () => ({ executor: gateway.executor }),
      stop: async () => {},
    },
    logger: log,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
    includeStacktraceInErrorResponses: false,
    csrfPrevention: false, // nobody reaches it over HTTP
    stopOnTerminationSignals: false,
  });
}
