/**
 * A way around Postgres' refusal to run as root; no user is created.
 *
 * 1. It runs under the uid that owns the data folder, else as `postgres` or `nobody`.
 * 2. That uid must reach the server's files and the data folder.
 * 3. Where a parent folder is closed to it (a clone under /root, say), `setpriv` lends it the one capability that opens
 * folders.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from '../../server/startError.ts';

/** Start of a program that does not run as root. */
export interface Launch {
  readonly command: string[];
  readonly uid?: number;
  readonly gid?: number;
  /** Hands a file or folder to the user whom the program runs as. */
  own(path: string): void;
}

/**
 * @param program absolute path of the program
 * @param dataFolder absolute path of the folder that it works on, there or not
 * @throws StartError if this runs as root and no other user can reach them
 */
export function unprivilegedLaunch(program: string, dataFolder: string): Launch {
  if (process.getuid?.() !== 0) return { command: [], own: () => {} };
  const { uid, gid } = ownerOf(dataFolder) ?? findUser();
  const own = (path: string) => chownSync(path, uid, gid);
  const closed = [...ancestors(program), ...ancestors(dataFolder)].find((folder) => !maySearch(folder, uid, gid));
  if (!closed) return { command: [], uid, gid, own };
  // access(2), which Postgres calls, drops the capabilities of a real uid other than root. no_setuid_fixup prevents
  // that.
  const command = [
    ['setpriv', '--securebits=+no_setuid_fixup', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
    ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--'],
  ].flat();
  if (spawnSync(command[0] as string, [...command.slice(1), 'true']).status === 0) return { command, own };
  throw new StartError(
    `This runs as root, and Postgres does not: it runs as uid ${uid}, which may not enter ${closed}. ` +
      `Open that folder (\`chmod o+x ${closed}\`), or move the project and DATA_DIR elsewhere, or run as another user.`,
  );
}

function ownerOf(folder: string): { uid: number; gid: number } | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat && stat.uid !== 0 ? stat : undefined;
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

/** True if the user may search the folder. A missing one will be made by this process, open to be searched. */
function maySearch(folder: string, uid: number, gid: number): boolean {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat) return true;
  const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001;
  return (stat.mode & bit) !== 0;
}
