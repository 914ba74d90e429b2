/** Bundles that a test takes from a running system, and the terminal without that system. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from '@jest/globals';
import { deadUrl } from '../../gateway/httpServers.ts';
import { until } from '../../support/until.ts';
import { type debugSystemPerFile, NOWHERE } from './debugSystem.ts';

/** Owner of chats that keeps them as they are for the time of a test. */
export const FROZEN = { heartbeatIntervalSeconds: 120, staleAfterSeconds: 300, acquisitionIntervalSeconds: 600 };

/** Text on one line, as it is before a terminal of some width wraps it. */
export const unwrapped = (text: string) => text.replace(/\s+/g, ' ');

/** Call at the top of a test file. The files are gone after its last test. */
export function bundlesPerFile({ debug, system }: ReturnType<typeof debugSystemPerFile>) {
  const folder = mkdtempSync(join(tmpdir(), 'bundles-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const fileFor = () => join(folder, `${randomUUID()}.json`);
  return {
    ...{ folder, fileFor },
    /** Takes a bundle into a file of its own. */
    taken: async (id: string, { url = system.url, options = [] as string[], token = system.token } = {}) => {
      const file = fileFor();
      const settings = { CHAT_DEBUG_URL: url, CHAT_DEBUG_TOKEN: token };
      const { code, stdout, stderr } = await debug(['bundle', id, '-o', file, ...options], settings);
      expect(stderr).toBe('');
      return { file, code, stdout, text: readFileSync(file, 'utf8') };
    },
    /** Runs the terminal where nobody listens, and there is no database either. */
    offline: async (...args: string[]) =>
      debug(args, { CHAT_DEBUG_URL: await deadUrl(), CHAT_DEBUG_TOKEN: '', DATABASE_URL: '', DATA_DIR: NOWHERE }),
    /** Asks until the verdict is there, since some come only with time. */
    untilVerdict: (id: string, verdict: string) =>
      until(`the verdict is ${verdict}`, async () => (await debug(['why', id])).stdout.startsWith(verdict)),
  };
}
