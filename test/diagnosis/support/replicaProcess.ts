/** Replicas as processes of their own, for faults that only a process can have. */
import { afterEach } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { type Child, runChild } from '../../../local/supervisor/childProcess.ts';
import { environmentWith } from '../../../server/settings/config.ts';

export interface ReplicaProcess {
  readonly id: string;
  kill(signal: NodeJS.Signals): void;
}

/** Call at the top of a test file. What still runs after a test is killed. */
export function replicaProcessesPerTest() {
  const children: Child[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended;
    }
  });
  /** @param more modules to load into the process first; they see its sources, and not what is built */
  return async (settings: Readonly<Record<string, string>>, ...more: URL[]): Promise<ReplicaProcess> => {
    const lines: string[] = [];
    const file = more.length > 0 ? 'subgraphs/runtime/main.ts' : 'dist/replica.js';
    const imports = more.length > 0 ? ['tsx', ...more.map(({ href }) => href)] : [];
    const child = runChild(
      {
        name: 'replica',
        script: new URL(`../../../${file}`, import.meta.url),
        environment: environmentWith({
          RUNTIME_PORT: '0',
          ...settings,
          NODE_OPTIONS: imports.map((module) => `--import=${module}`).join(' '),
        }),
      },
      systemClock,
      (line) => lines.push(line),
    );
    children.push(child);
    const died = child.ended.then(() => Promise.reject(new Error(`No replica:\n${lines.join('\n')}`)));
    died.catch(() => {}); // once it is ready, its end is the test's business
    const { id = '' } = await Promise.race([child.ready, died]);
    return { id, kill: child.kill };
  };
}
