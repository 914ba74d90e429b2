/**
 * Something that is replaced while it is in use: whoever began with one version ends with it, and a version that was replaced
 * is closed once nobody uses it any more.
 */
export interface Versions<V> {
  /** Runs with the current version, which stays open until `run` has ended. */
  use<T>(run: (version: V) => Promise<T>): Promise<T>;
  /** Whoever comes from now on gets this one. */
  replace(version: V): void;
  /** Closes the current one; those replaced before end by themselves. */
  close(): Promise<void>;
}

/** @param close closes a version; must not throw */
export function makeVersions<V>(first: V, close: (version: V) => Promise<void>): Versions<V> {
  let current = { version: first, users: 0 };
  return {
    use: async (run) => {
      const mine = current;
      mine.users += 1;
      try {
        return await run(mine.version);
      } finally {
        mine.users -= 1;
        if (mine.users === 0 && mine !== current) await close(mine.version);
      }
    },
    replace: (version) => {
      const old = current;
      current = { version, users: 0 };
      if (old.users === 0) void close(old.version);
    },
    close: () => close(current.version),
  };
}
