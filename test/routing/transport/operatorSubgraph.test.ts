import { expect, test } from '@jest/globals';
import { asksOperator } from '../../../routing/transport/operatorSubgraph.ts';
import { makeLogger } from '../../../server/log.ts';

const CODES = {
  ENOTFOUND: 'OPERATOR_UNAVAILABLE',
  EAI_AGAIN: 'OPERATOR_UNAVAILABLE',
  UND_ERR_SOCKET: 'ACTION_UNCERTAIN',
};

test.each(Object.entries(CODES))('an action that met %s: %s', async (what, code) => {
  const asks = asksOperator(async () => ({ status: 'UNREACHABLE', what }), makeLogger('test', 'silent'));
  const question = { query: 'mutation { interruptChat(idempotencyKey: "a key") { id } }' };
  const { errors } = await asks(question, { caller: { sub: 'somebody', roles: [] } });
  expect(errors?.map(({ extensions }) => extensions?.code)).toEqual([code]);
});
