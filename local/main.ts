/**
 * `npm start`: runs the whole system on this machine until Ctrl-C. With `-- --migrate` it makes the tables in an empty
 * database.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../common/clock.ts';
import { environmentWith, readEnvironment } from '../server/settings/config.ts';
import { type SettingName, settings } from '../server/settings/settings.ts';
import { StartError } from '../server/startError.ts';
import { banner } from './banner.ts';
import { signInLink } from './signInLink.ts';
import { parentGone } from './supervisor/parentWatch.ts';
import { serverProcesses } from './supervisor/processes.ts';
import { runSystem } from './system.ts';

const startedMs = systemClock.monotonicMs();
const elapsed = () => `${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1).padStart(6)} s`;
const print = (line: string) => process.stdout.write(`${line}\n`);
process.stdout.on('error', () => {}); // whoever read it is gone; the system goes on
process.stderr.on('error', () => {});

const stopping = new AbortController();
const stop = (reason: string) => {
  if (stopping.signal.aborted) return;
  print(`\n${elapsed()}  stopping: ${reason}`);
  stopping.abort();
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));

/** @throws StartError for an unknown option */
function readOptions(): { readonly mayMigrate: boolean } {
  try {
    return { mayMigrate: parseArgs({ options: { migrate: { type: 'boolean' } } }).values.migrate ?? false };
  } catch (cause) {
    throw new StartError('The only option is --migrate: npm start -- --migrate', { cause });
  }
}

try {
  const { mayMigrate } = readOptions();
  const given = environmentWith({});
  const values = readEnvironment(Object.keys(settings) as SettingName[]);
  // A killed npm cannot tell. Without this watch the process would go on, and nobody could stop it.
  if (given.npm_lifecycle_event) void parentGone(systemClock, stopping.signal).then(() => stop('npm is gone'));
  await runSystem(
    {
      dataDir: values.DATA_DIR,
      databaseUrl: values.DATABASE_URL,
      mayMigrate,
      host: values.HOST,
      port: values.PORT,
      databaseSubgraphPort: given.DATABASE_SUBGRAPH_PORT ? values.DATABASE_SUBGRAPH_PORT : 0,
      recorderPort: given.RECORDER_PORT ? values.RECORDER_PORT : 0,
      operatorPort: given.OPERATOR_PORT ? values.OPERATOR_PORT : 0,
      authSecret: values.AUTH_SECRET,
      authIssuer: values.AUTH_ISSUER,
      authAudience: values.AUTH_AUDIENCE,
      internalSecret: values.INTERNAL_SECRET,
    },
    {
      clock: systemClock,
      signal: stopping.signal,
      servers: serverProcesses,
      report: (line) => print(`${elapsed()}  ${line}`),
      onRunning: (system) => {
        print(`${elapsed()}  all is up`);
        void signInLink(system).then((link) => print(banner(system, given.DATA_DIR || undefined, link)));
      },
    },
  );
  print(`${elapsed()}  all is stopped`);
  process.exit(0);
} catch (error) {
  if (stopping.signal.aborted) {
    print(`${elapsed()}  all is stopped, before it was up`);
    process.exit(0);
  }
  const forPerson = error instanceof StartError;
  process.stderr.write(`\n${forPerson ? error.message : (error as Error).stack}\n`);
  process.exit(1);
}
