/** Subgraphs whose process is not there: their resolvers run here, and ask nobody. */
import { randomUUID } from 'node:crypto';
import { ACTIONS, mutationOf, PLAN_MUTATIONS } from '../../domain/actions/names.ts';
import { inProcess } from '../../routing/transport/inProcess.ts';
import type { OperatorSubgraph } from '../../routing/transport/operatorSubgraph.ts';
import type { RecorderSubgraph } from '../../routing/transport/recorderSubgraph.ts';
import { type Asking, TIMED_OUT, type Transport } from '../../routing/transport/transport.ts';
import { makeAnswering, type Resolvers, type WithRequestId } from '../../server/graphql/answering.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import type { Logger } from '../../server/log.ts';

/** The subgraph of incidents where there is no recorder: each of its fields is null. */
export const noRecorder = (log: Logger): RecorderSubgraph => absent('recorder', ofIncidents, log);

/** The subgraph of actions where there is no operator: nothing is offered, and each action is refused. */
export const noOperator = (log: Logger): OperatorSubgraph => absent('operator', ofActions, log);

const nothing = () => null;
const chatOf = async ({ chatId }: { chatId: unknown }) => ({ chatId: requireUuid(chatId) });
const disabled = () => {
  throw clientError(
    'ACTIONS_DISABLED',
    'There is no operator, so that no action can be taken here. Start one, and set OPERATOR_SUBGRAPH_URL on the gateway.',
  );
};

const ofIncidents = {
  ...scalars,
  Query: { incidents: nothing, incident: nothing },
  ChatDebugSnapshot: { __resolveReference: chatOf, incidents: nothing },
};
const ofActions = {
  ...scalars,
  Query: { actionRecord: nothing, actionRecords: nothing, actionPlan: nothing, actionPlans: nothing },
  Mutation: Object.fromEntries([...ACTIONS.map(mutationOf), ...PLAN_MUTATIONS].map((name) => [name, disabled])),
  Incident: { __resolveReference: async ({ id }: { id: unknown }) => ({ id }), actions: nothing },
  ChatDebugSnapshot: { __resolveReference: chatOf, actions: nothing, actionRecords: nothing },
};

/** Makes the way to such a subgraph. Its schema is made with the first question, so that a start does not wait for it. */
function absent(name: 'recorder' | 'operator', resolvers: Resolvers, log: Logger) {
  const schemaFile = new URL(`../../subgraphs/${name}/schema.graphql`, import.meta.url);
  const make = () =>
    inProcess<WithRequestId, Asking>({
      answering: makeAnswering({ schemaFile, resolvers }, log),
      newContext: ({ requestId = randomUUID() }) => ({ requestId }),
      log,
    });
  let made: Transport | undefined;
  const ask: Transport = (question, asking) => {
    if (asking.signal?.aborted) return Promise.resolve(TIMED_OUT); // as each is while a gateway warms up
    made ??= make();
    return made(question, asking);
  };
  return { ask, close: async () => {} };
}
