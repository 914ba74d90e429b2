/** A world of our own subgraphs, in which all is well. */
import { readFileSync } from 'node:fs';
import { parse } from 'graphql';
import type { Supergraph } from '../../../gateway/supergraph/apolloGateway.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';
import { answerOf } from './ours.ts';
import { makeWorld } from './world.ts';

/** Their schemas, by name. */
export const OWN_SUBGRAPHS: Readonly<Record<string, string>> = Object.fromEntries(
  ['database', 'runtime', 'diagnosis', 'recorder', 'operator'].map((name) => [
    name,
    readFileSync(new URL(`../../../subgraphs/${name}/schema.graphql`, import.meta.url), 'utf8'),
  ]),
);

const supergraph = await loadSupergraph();
const world = makeWorld(OWN_SUBGRAPHS, { nulls: 0, isHonest: true });

/** Schema that clients see. */
export const ownApiSchema = supergraph.apiSchema;

/** The queries that are not answered as the specification has it. */
export const wronglyAnswered = (queries: readonly string[]) => wronglyAnsweredBy(supergraph, world, queries);

/** The same, of any world in which all is well. */
export async function wronglyAnsweredBy(
  over: Supergraph,
  within: ReturnType<typeof makeWorld>,
  queries: readonly string[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const query of queries) {
    const document = parse(query);
    const expected = JSON.stringify(within.answer(over.apiSchema, document, {}).data);
    const { data, errors, lost } = await answerOf(over, within, document, {});
    if (JSON.stringify(data) !== expected || errors.length + lost.length > 0) wrong.push(query);
  }
  return wrong;
}
