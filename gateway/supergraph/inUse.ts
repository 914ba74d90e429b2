/**
 * The supergraph in use, with everything made of it: planner, data sources, limits, checks of input.
 * A new one is made whole beside the old one, tried, and put in its place in one step. Running requests end on the old
 * one.
 * Apollo's own update keeps data sources, and may validate a request by one schema and plan it by the next.
 */
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../server/log.ts';
import { SettingsError } from '../../server/settings/config.ts';
import { followSupergraphFile, readSupergraph } from './file.ts';

interface SupergraphOptions<V> {
  /** Path of the file; unset: the one that is checked in, which does not change. */
  readonly path: string | undefined;
  /**
   * Makes what answers by a supergraph, and tries it.
   * @throws Error that says what is wrong with the supergraph
   */
  readonly load: (supergraphSdl: string) => Promise<V>;
  /** Counts the supergraphs that were offered. */
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

interface SupergraphInUse<V> {
  /** Runs with the current version, which stays open until `run` has ended. */
  use<T>(run: (version: V) => Promise<T>): Promise<T>;
  /** Closes the current version, once no request runs any more. Those replaced before end by themselves. */
  close(): Promise<void>;
}

/**
 * Opens the supergraph. A replaced version is stopped when nobody uses it any more.
 * @throws SettingsError if there is no usable supergraph at the path
 */
export async function openSupergraph<V extends { readonly apollo: { stop(): Promise<void> } }>({
  path,
  load,
  registry,
  clock,
  log,
}: SupergraphOptions<V>): Promise<SupergraphInUse<V>> {
  const initial = readSupergraph(path);
  const first = await load(initial).catch((error: unknown) => {
    throw new SettingsError(`SUPERGRAPH_PATH: ${path ?? 'gateway/supergraph.graphql'} cannot be served. ${error}`);
  });
  let current = { version: first, users: 0 };
  const stop = ({ version }: typeof current) =>
    version.apollo.stop().catch((err) => log.error({ err }, 'a supergraph that was replaced could not be closed'));
  const replace = (version: V) => {
    const old = current;
    current = { version, users: 0 };
    if (old.users === 0) void stop(old);
  };

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
          take: async (supergraphSdl) => replace(await load(supergraphSdl)),
          onRead: (result) => reloads.inc({ result }),
        });
  return {
    use: async (run) => {
      const mine = current;
      mine.users += 1;
      try {
        return await run(mine.version);
      } finally {
        mine.users -= 1;
        if (mine.users === 0 && mine !== current) await stop(mine);
      }
    },
    close: async () => {
      await unfollow();
      await stop(current);
    },
  };
}
