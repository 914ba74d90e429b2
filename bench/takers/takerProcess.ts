/** The parent's side of a process that takes. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Command, Notes } from './processMain.ts';

export interface TakerProcess {
  take(command: Omit<Extract<Command, { kind: 'take' }>, 'kind'>): Promise<void>;
  /** @returns what it took since it began */
  stop(): Promise<Notes>;
  end(): Promise<void>;
}

/** Resolves when it has loaded everything. */
export async function startTakerProcess(): Promise<TakerProcess> {
  const child = fork(new URL('./processMain.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
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
