/** The diagnosis subgraph as a running server, for gateways that do not hold it in themselves. It asks nobody anything. */
import type { Clock } from '../../common/clock.ts';
import type { DiagnosisSettings } from '../../domain/diagnosis/diagnosis.ts';
import type { RunningServer } from '../../server/app.ts';
import type { WithRequestId } from '../../server/graphql/answering.ts';
import { authorizeSubgraph, type SubgraphTrust } from '../../server/graphql/authorize.ts';
import { serveSubgraph } from '../../server/graphql/serve.ts';
import type { Logger } from '../../server/log.ts';
import { SCHEMA_FILE } from './requiredFields.ts';
import { type DiagnosisContext, resolvers } from './resolvers.ts';

interface DiagnosisSubgraphOptions extends SubgraphTrust {
  readonly settings: DiagnosisSettings;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** It cannot read a chat again: what would be called stuck of halves that may be of different moments is not known here. @throws if the port is taken */
export const startDiagnosisSubgraph = (options: DiagnosisSubgraphOptions): Promise<RunningServer> => {
  const { settings, host, port, clock, log } = options;
  return serveSubgraph<DiagnosisContext & WithRequestId>({
    schemaFile: SCHEMA_FILE,
    resolvers,
    authorize: authorizeSubgraph(options, { audience: 'diagnosis', clock, log }),
    context: (caller, requestId) => ({ caller, settings, requestId }),
    notReady: () => undefined,
    ...{ clock, log, host, port },
  });
};
