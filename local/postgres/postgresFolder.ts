/** Makes the data folder of a Postgres server, whole or not at all. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StartError } from '../../server/startError.ts';
import { makeFolder } from '../makeFolder.ts';
import { lastLines, type PostgresPrograms } from './postgresPrograms.ts';

/**
 * Makes the folder under another name until it is whole, so that an unfinished one is never used.
 * The name is new each time: the `initdb` of a killed start may still be writing.
 * @param password of the user `postgres`
 * @throws StartError with the end of the log if `initdb` fails, or if `signal` aborts
 */
export async function makePostgresFolder(
  programs: PostgresPrograms,
  { folder, password }: { folder: string; password: string },
  signal: AbortSignal,
): Promise<void> {
  const prefix = `${folder}.new-`;
  makeFolder(dirname(folder));
  removeUnfinished(prefix);
  const unfinished = mkdtempSync(prefix);
  const passwordFile = `${unfinished}.password`;
  const logFile = `${folder}.log`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  programs.launch.own(unfinished);
  programs.launch.own(passwordFile);
  try {
    const args = ['-D', unfinished, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    const initdb = programs.run('initdb', [...args, '-E', 'UTF8', '--locale=C', '--no-sync'], logFile);
    const cancel = () => initdb.kill('SIGTERM');
    signal.addEventListener('abort', cancel);
    const [code] = await once(initdb, 'exit').finally(() => signal.removeEventListener('abort', cancel));
    if (code !== 0) throw new StartError(`Cannot make a database in ${folder}: ${lastLines(logFile)}`);
    renameSync(unfinished, folder);
  } finally {
    removeUnfinished(prefix);
  }
}

function removeUnfinished(prefix: string): void {
  const names = readdirSync(dirname(prefix)).filter((name) => name.startsWith(basename(prefix)));
  for (const name of names) rmSync(join(dirname(prefix), name), { recursive: true, force: true, maxRetries: 10 });
}
