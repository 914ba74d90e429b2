/** A supergraph as the gateway has it, without a server over it. */
import { pino } from 'pino';
import { makeApolloGateway, type Supergraph, supergraphOf } from '../../gateway/supergraph/apolloGateway.ts';
import { readSupergraph } from '../../gateway/supergraph/file.ts';

/** @param supergraphSdl unset: the one that is checked in */
export async function loadSupergraph(supergraphSdl = readSupergraph(undefined)): Promise<Supergraph> {
  const gateway = makeApolloGateway(supergraphSdl, pino({ enabled: false }));
  await gateway.load();
  return supergraphOf(gateway, supergraphSdl);
}
