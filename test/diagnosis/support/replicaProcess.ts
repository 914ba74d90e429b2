/** Replicas as processes of their own, for faults that only a process can have. */
import { afterEach } from '@jest/globals';
import { environmentWith } from '../../../server/settings/config.ts';
import { type StartedChild, startChild } from '../../support/childProcess.ts';

interface ReplicaProcess {
  readonly id: string;
  kill(signal: NodeJS.Signals): void;
}

/** Call at the top of a test file. What still runs after a test is killed. */
export function replicaProcessesPerTest() {
  const children: StartedChild[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) await child.end();
  });
  /** @param more modules to load into the process first; they see its sources, and not what is built */
  return async (settings: Readonly<Record<string, string>>, ...more: URL[]): Promise<ReplicaProcess> => {
    const file = more.length > 0 ? 'subgraphs/runtime/main.ts' : 'dist/replica.js';
    const imports = more.length > 0 ? ['tsx', ...more.map(({ href }) => href)] : [];
    const child = startChild({
      name: 'replica',
      script: new URL(`../../../${file}`, import.meta.url),
      environment: environmentWith({
        RUNTIME_PORT: '0',
        ...settings,
        NODE_OPTIONS: imports.map((module) => `--import=${module}`).join(' '),
      }),
    });
    children.push(child);
    const { id = '' } = await child.ready;
    return { id, kill: child.kill };
  };
}
