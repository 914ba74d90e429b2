/** The parent's side of a process that takes. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command, Notes } from './processMain.ts';

export interface TakerProcess {
  readonly pid: number | undefined;
  take(command: Omit<Extract<Command, { kind: 'take' }>, 'kind'>): Promise<void>;
  /** @returns what it took since it began */
  stop(): Promise<Notes>;
  end(): Promise<void>;
}

/**
 * Resolves when it has loaded everything.
 * @param checkout URL of another checkout of this repository, whose worker it is, without a slash at its end
 */
export async function startTakerProcess(checkout?: string): Promise<TakerProcess> {
  const root = checkout ? `${checkout}/` : new URL('../../', import.meta.url);
  const child = fork(new URL('bench/takers/processMain.ts', root), {
    execArgv: ['--import', 'tsx'],
    cwd: fileURLToPath(root),
  });
  const exited = once(child, 'exit');
  const answer = async (): Promise<Notes> => {
    const died = exited.then(([code]) => {
      throw new Error(`A process of the bench ended with ${code}`);
    });
    const [notes] = (await Promise.race([once(child, 'message'), died])) as [Notes];
    return notes;
  };
  const ask = (command: Command) => {
    child.send(command);
    return answer();
  };
  await answer();
  return {
    pid: child.pid,
    take: async (command) => {
      await ask({ kind: 'take', ...command });
    },
    stop: () => ask({ kind: 'stop' }),
    end: async () => {
      child.disconnect();
      await exited;
    },
  };
}
