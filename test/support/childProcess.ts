/** Processes of the system as tests and benches start them. */
import { systemClock } from '../../common/clock.ts';
import { type Child, type ProcessSpec, type Ready, runChild } from '../../local/supervisor/childProcess.ts';

export interface StartedChild extends Omit<Child, 'ready'> {
  /** Rejects with what it wrote if it ends instead. */
  readonly ready: Promise<Ready>;
  /** What it has written so far. */
  readonly lines: readonly string[];
  /** Resolves when it is gone. SIGKILL ends a stopped one, too. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Whoever starts it ends it. */
export function startChild(spec: ProcessSpec): StartedChild {
  const lines: string[] = [];
  const child = runChild(spec, systemClock, (line) => lines.push(line));
  const died = child.ended.then(() => Promise.reject(new Error(`No ${spec.name}:\n${lines.join('\n')}`)));
  const ready = Promise.race([child.ready, died]);
  ready.catch(() => {}); // whoever waits for it is told
  return {
    ...{ ready, lines, ended: child.ended, kill: child.kill },
    end: async (signal = 'SIGKILL') => {
      child.kill(signal);
      await child.ended;
    },
  };
}
