/**
 * The supergraph in use, with everything that was made from it: planner, data sources, limits, checks of input. A new one is
 * made whole beside the old one, tried, and takes its place in one step; what runs ends on the old one. Apollo's own way to
 * update a gateway keeps its data sources, and may validate a request by one schema and plan it by the next.
 */
import type { ApolloServer } from '@apollo/server';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../server/log.ts';
import { SettingsError } from '../../server/settings/config.ts';
import type { GatewayContext } from '../gatewayContext.ts';
import { followSupergraphFile } from './file.ts';
import { readSupergraph } from './load.ts';
import { makeVersions, type Versions } from './version.ts';

/** One supergraph, ready to answer. */
export interface SupergraphVersion {
  /** Started. */
  readonly apollo: ApolloServer<GatewayContext>;
}

export interface SupergraphOptions<V extends SupergraphVersion> {
  /** Unset: the file that is checked in, which does not change. */
  readonly path: string | undefined;
  /** Makes what answers by a supergraph, and tries it. @throws Error that says what is wrong with the supergraph */
  readonly load: (supergraphSdl: string) => Promise<V>;
  /** Counts the supergraphs that were offered. */
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Whoever makes it closes it, once no request runs any more.
 * @throws SettingsError if there is no supergraph at the path that can be served
 */
export async function openSupergraph<V extends SupergraphVersion>({
  path,
  load,
  registry,
  clock,
  log,
}: SupergraphOptions<V>): Promise<Pick<Versions<V>, 'use' | 'close'>> {
  const initial = readSupergraph(path);
  const first = await load(initial).catch((error: unknown) => {
    throw new SettingsError(`SUPERGRAPH_PATH: ${path ?? 'gateway/supergraph.graphql'} cannot be served. ${error}`);
  });
  const stop = async ({ apollo }: V) =>
    apollo.stop().catch((err: unknown) => log.error({ err }, 'a supergraph that was replaced could not be closed'));
  const versions = makeVersions(first, stop);
  const reloads = new Counter({
    name: 'chat_debug_supergraph_reloads_total',
    help: 'New contents of the supergraph file, by what became of them: taken, refused',
    labelNames: ['result'],
    registers: [registry],
  });
  const unfollow =
    path === undefined
      ? async () => {}
      : followSupergraphFile({
          ...{ path, initial, clock, log },
          take: async (supergraphSdl) => versions.replace(await load(supergraphSdl)),
          onRead: (result) => reloads.inc({ result }),
        });
  return {
    use: versions.use,
    close: async () => {
      await unfollow();
      await versions.close();
    },
  };
}
