/**
 * Postgres refuses to run as root. Then it is started under the uid of `postgres` or `nobody`; no user is created. That
 * uid must reach the server's files and the data folder: where a folder above them is closed to it (a clone under /root,
 * say), `setpriv` lends it the one capability that opens them, and nothing else of root.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How to start a program so that it does not run as root. */
export interface Launch {
  readonly command: string[];
  readonly uid?: number;
  readonly gid?: number;
  /** Hands a file or folder to the user whom the program runs as. */
  own(path: string): void;
}

/**
 * @param paths absolute paths that the program must reach
 * @throws if this runs as root and there is no way to reach them without
 */
export function unprivilegedLaunch(paths: readonly string[]): Launch {
  if (process.getuid?.() !== 0) return { command: [], own: () => {} };
  const { uid, gid } = findUser();
  const own = (path: string) => chownSync(path, uid, gid);
  const closed = paths.flatMap(ancestors).find((folder) => !maySearch(folder, uid, gid));
  if (!closed) return { command: [], uid, gid, own };
  // access(2) drops the capabilities of a real uid other than root unless no_setuid_fixup is set, and Postgres asks it.
  const command = [
    ['setpriv', '--securebits=+no_setuid_fixup', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
    ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--'],
  ].flat();
  if (spawnSync(command[0] as string, [...command.slice(1), 'true']).status === 0) return { command, own };
  throw new Error(
    `This runs as root, and Postgres does not: it runs as uid ${uid}, which may not enter ${closed}. ` +
      `Open that folder (\`chmod o+x ${closed}\`), or move the project and DATA_DIR elsewhere, or run as another user.`,
  );
}

function findUser(): { uid: number; gid: number } {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  const users = new Map(lines.map((line) => [line.split(':')[0], line.split(':')]));
  const entry = users.get('postgres') ?? users.get('nobody');
  return { uid: Number(entry?.[2] ?? 65534), gid: Number(entry?.[3] ?? 65534) };
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...ancestors(parent), parent];
}

function maySearch(folder: string, uid: number, gid: number): boolean {
  const stat = statSync(folder);
  const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
  return (stat.mode & bit) !== 0;
}
