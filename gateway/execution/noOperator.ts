/** The subgraph of actions where there is no operator: nothing is offered, and each action is refused. */
import { ACTIONS, mutationOf, PLAN_MUTATIONS } from '../../domain/actions/names.ts';
import type { OperatorSubgraph } from '../../routing/transport/operatorSubgraph.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import type { Logger } from '../../server/log.ts';
import { absentSubgraph } from './absentSubgraph.ts';

const SCHEMA_FILE = new URL('../../subgraphs/operator/schema.graphql', import.meta.url);

const nothing = () => null;
const disabled = () => {
  throw clientError(
    'ACTIONS_DISABLED',
    'There is no operator, so that no action can be taken here. Start one, and set OPERATOR_SUBGRAPH_URL on the gateway.',
  );
};
const resolvers = {
  ...scalars,
  Query: { actionRecord: nothing, actionRecords: nothing, actionPlan: nothing, actionPlans: nothing },
  Mutation: Object.fromEntries([...ACTIONS.map(mutationOf), ...PLAN_MUTATIONS].map((name) => [name, disabled])),
  Incident: { __resolveReference: async ({ id }: { id: unknown }) => ({ id }), actions: nothing },
  ChatDebugSnapshot: {
    __resolveReference: async ({ chatId }: { chatId: unknown }) => ({ chatId: requireUuid(chatId) }),
    actions: nothing,
    actionRecords: nothing,
  },
};

export const noOperator = (log: Logger): OperatorSubgraph => absentSubgraph(SCHEMA_FILE, resolvers, log);
