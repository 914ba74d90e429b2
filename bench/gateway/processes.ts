/** Every process of the bench: stubs, gateways, the client. All of them end with this one. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { systemClock as clock } from '../../common/clock.ts';
import { environmentWith } from '../../server/settings/config.ts';

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

interface StartOptions {
  /** Sent to the process first. */
  readonly message?: object;
  readonly environment?: Readonly<Record<string, string>>;
  /** True if its standard error, such as its log, goes nowhere. */
  readonly isQuiet?: boolean;
  /** Options for Node, besides those for TypeScript. */
  readonly nodeOptions?: readonly string[];
}

const children = new Set<ChildProcess>();

/** Resolves once the process has announced that it can be used.  */
export async function start(file: string, options: StartOptions = {}): Promise<Started> {
  const { message, environment = {}, nodeOptions = [], isQuiet = false } = options;
  const child = fork(new URL(file, import.meta.url), {
    execArgv: [...(file.endsWith('.js') ? [] : ['--import', 'tsx']), ...nodeOptions],
    env: environmentWith({ NODE_ENV: 'production', ...environment }),
    stdio: ['ignore', 'ignore', isQuiet ? 'ignore' : 'inherit', 'ipc'],
  });
  keep(child);
  if (message) child.send(message);
  const died = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${file} ended with ${code}`)));
  died.catch(() => {}); // later it is the bench that ends it
  const [{ ready }] = (await Promise.race([once(child, 'message'), died])) as [{ ready: { url: string } }];
  return { child, url: ready.url };
}

/** Ends it with the others. */
export function keep(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

export async function stopOne(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  await Promise.race([gone, clock.sleep(5_000).then(() => child.kill('SIGKILL'))]);
}

export const stopAll = async (): Promise<void> => void (await Promise.all([...children].map(stopOne)));
