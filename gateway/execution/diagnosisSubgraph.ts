/** The diagnosis subgraph inside this process: no request leaves it but the one second reading of chats that look stuck. */
import type { DiagnosisSettings } from '../../domain/diagnosis/diagnosis.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import { inProcess } from '../../routing/transport/inProcess.ts';
import type { Transport } from '../../routing/transport/transport.ts';
import { makeAnswering, type WithRequestId } from '../../server/graphql/answering.ts';
import type { Logger } from '../../server/log.ts';
import { SCHEMA_FILE } from '../../subgraphs/diagnosis/requiredFields.ts';
import { type DiagnosisContext, type Reread, resolvers } from '../../subgraphs/diagnosis/resolvers.ts';

/** Makes what reads chats again, for one fetch. */
export type MakeReread = (context: RoutingContext) => Reread;

export const diagnosisInProcess = (
  settings: DiagnosisSettings,
  makeReread: MakeReread,
  log: Logger,
): Transport<RoutingContext> =>
  inProcess<DiagnosisContext & WithRequestId, RoutingContext>({
    answering: makeAnswering({ schemaFile: SCHEMA_FILE, resolvers }, log),
    newContext: (context) => {
      const { caller, requestId } = context;
      return { caller, requestId, settings, reread: makeReread(context) };
    },
    log,
  });
