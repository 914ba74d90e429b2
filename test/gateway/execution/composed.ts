/** Subgraphs of a test, composed. */
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

/** @returns the supergraph's SDL. @throws what does not compose */
export function composed(schemas: Readonly<Record<string, string>>): string {
  const services = Object.entries(schemas).map(([name, sdl]) => ({
    ...{ name, url: `http://${name}`, typeDefs: parse(sdl) },
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (!supergraphSdl) throw new Error(String(errors));
  return supergraphSdl;
}
