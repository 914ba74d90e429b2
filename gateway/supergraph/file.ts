/**
 * The supergraph's file, read again and again rather than watched.
 * So a write in place, a rename over it and the switch of a link are all seen.
 * That also works where the file system tells nobody (a mounted volume, a config map of Kubernetes).
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../common/clock.ts';
import type { Logger } from '../../server/log.ts';
import { SettingsError } from '../../server/settings/config.ts';

const INTERVAL_MS = 1_000;

/**
 * @param path unset: the file that `npm run compose` writes
 * @throws SettingsError if the file cannot be read
 */
export function readSupergraph(path: string | undefined): string {
  try {
    return readFileSync(path ?? new URL('../supergraph.graphql', import.meta.url), 'utf8');
  } catch (error) {
    throw new SettingsError(`SUPERGRAPH_PATH: cannot read ${path ?? 'gateway/supergraph.graphql'}. ${error}`);
  }
}

interface SupergraphFileOptions {
  readonly path: string;
  /** Content in use now. */
  readonly initial: string;
  /** Takes new content, or throws an Error that says why not; the earlier content then stays in use. */
  readonly take: (supergraphSdl: string) => Promise<void>;
  /** Called for each new content of the file. Must not throw. */
  readonly onRead: (result: 'taken' | 'refused') => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Follows the file until the returned function is called.
 * New content counts once two readings in a row gave it: a write in place is half done for a moment. Refused content is
 * not tried again.
 * @returns ends the following
 */
export function followSupergraphFile(options: SupergraphFileOptions): () => Promise<void> {
  const { clock, log, onRead, path, take } = options;
  const ended = new AbortController();
  let settled = options.initial;
  let seen = options.initial;
  let isMissing = false;

  const look = async () => {
    const content = await readFile(path, 'utf8').catch(() => undefined);
    if (content === undefined && !isMissing) log.error('the supergraph file cannot be read; the one in use stays');
    isMissing = content === undefined;
    if (content === undefined) return;
    const isNew = content !== settled && content === seen;
    seen = content;
    if (!isNew) return;
    settled = content;
    try {
      await take(content);
      log.info('a new supergraph is in use');
      onRead('taken');
    } catch (err) {
      log.error({ err }, 'the new supergraph is refused; the one in use stays');
      onRead('refused');
    }
  };
  const run = async () => {
    while (!ended.signal.aborted) {
      await clock.sleep(INTERVAL_MS, ended.signal);
      if (!ended.signal.aborted) await look();
    }
  };
  const running = run();
  return () => {
    ended.abort();
    return running;
  };
}
