/** The diagnosis subgraph inside this process: no request leaves it but the one second reading of chats that look stuck. */
import type { DiagnosisSettings } from '../../domain/diagnosis/diagnosis.ts';
import { inProcess } from '../../routing/transport/inProcess.ts';
import type { Transport } from '../../routing/transport/transport.ts';
import { makeAnswering, type WithRequestId } from '../../server/graphql/answering.ts';
import type { Logger } from '../../server/log.ts';
import { SCHEMA_FILE } from '../../subgraphs/diagnosis/requiredFields.ts';
import { type DiagnosisContext, resolvers } from '../../subgraphs/diagnosis/resolvers.ts';
import type { GatewayContext } from '../gatewayContext.ts';
import type { MakeReread } from './reread.ts';

export const diagnosisInProcess = (
  settings: DiagnosisSettings,
  makeReread: MakeReread,
  log: Logger,
): Transport<GatewayContext> =>
  inProcess<DiagnosisContext & WithRequestId, GatewayContext>({
    answering: makeAnswering({ schemaFile: SCHEMA_FILE, resolvers }, log),
    newContext: (context) => {
      const { caller, requestId } = context;
      return { caller, requestId, settings, reread: makeReread(context) };
    },
    log,
  });
