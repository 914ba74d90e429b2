/** Builds the processes that only tests start: built, one starts in a quarter of the time that its source takes. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROCESSES = [
  ...['lockHolder', 'parent', 'server', 'watcher'].map((name) => `test/local/children/${name}.ts`),
  'test/server/loggingProcess.ts',
];

/** Writes each into `dist/test/`, at its path below `test/`. */
export async function buildTestProcesses(): Promise<void> {
  await build({
    ...{ absWorkingDir: ROOT, entryPoints: PROCESSES, outbase: 'test', outdir: 'dist/test' },
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20.19' },
  });
}
