/** The gateway's executor over the subgraphs of a world. */
import { type DocumentNode, getOperationAST } from 'graphql';
import type { Json } from '../../../common/json.ts';
import { compileOperation } from '../../../gateway/execution/executor.ts';
import type { Supergraph } from '../../../gateway/supergraph/apolloGateway.ts';
import type { makeWorld } from './world.ts';

export async function answerOf(
  supergraph: Supergraph,
  { subgraphs }: ReturnType<typeof makeWorld>,
  document: DocumentNode,
  variables: Readonly<Json>,
) {
  const { apiSchema, fullSchema, plan, planKey } = supergraph;
  const operation = getOperationAST(document);
  if (!operation) throw new Error('It has no operation');
  const subgraph = (name: string) => {
    const found = subgraphs.get(name);
    if (!found) throw new Error(`There is no subgraph ${name}`);
    return found;
  };
  const onDefect = (error: unknown) => {
    throw error;
  };
  const options = { apiSchema, schema: fullSchema, planKey, subgraph, onDefect };
  return compileOperation(options, { document, operation, plan: plan(document, operation) })(variables, undefined);
}
