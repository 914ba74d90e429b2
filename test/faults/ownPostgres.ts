/** A Postgres server of the test's own, that it can end in several ways and start again on the same port. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { type PostgresOptions, postgresUrl } from '../../local/postgres/embeddedPostgres.ts';
import { migrate } from '../../local/postgres/prepareDatabase.ts';

/** Settings without fsync: a crash of the machine would lose data; a crash of the server alone must not. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '200', track_commit_timestamp: 'on' };

export class OwnPostgres {
  readonly url: string;
  readonly #options: PostgresOptions;
  #keeper: ChildProcess | undefined;
  #isUp = false;
  #stopped = false;

  private constructor(options: PostgresOptions) {
    this.#options = options;
    this.url = postgresUrl(options);
  }

  /** Makes a server with the migrated tables. The caller stops it, also if its start failed. */
  static async make(folder: string): Promise<OwnPostgres> {
    return new OwnPostgres({
      ...{ folder: `${folder}/postgres`, port: await freePort(systemClock), password: 'test', settings: SETTINGS },
    });
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  async start(): Promise<void> {
    const keeper = fork(new URL('../../dist/postgres.js', import.meta.url), {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'], // it says that its server ended, which is what this is for
    });
    this.#keeper = keeper;
    keeper.send(this.#options);
    const failed = once(keeper, 'exit').then(() => {
      throw new Error(`Postgres did not start; its log is ${this.#options.folder}.log`);
    });
    await Promise.race([once(keeper, 'message'), failed]);
    this.#isUp = true;
  }

  async migrate(): Promise<void> {
    await migrate(this.url);
  }

  /** `fast`: sessions are ended, nothing is lost. `immediate`: as in a crash. Then it is started again. */
  async restart(mode: 'fast' | 'immediate'): Promise<void> {
    this.#isUp = false;
    const [pid] = readFileSync(`${this.#options.folder}/postmaster.pid`, 'utf8').split('\n');
    const gone = exit(this.#keeper);
    process.kill(Number(pid), mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await gone;
    if (!this.#stopped) await this.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#isUp = false;
    const gone = exit(this.#keeper);
    this.#keeper?.kill('SIGTERM');
    await gone;
  }
}

async function exit(child: ChildProcess | undefined): Promise<void> {
  if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
