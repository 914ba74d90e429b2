/**
 * Packages as a few files, for the tests. Jest loads every module anew for each test file, and those of the packages that a
 * gateway needs are thousands: they take longer than most tests.
 */
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { PACKAGES } from '../../jest.config.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Plugin that exports what Node finds in a package by name: of CommonJS, esbuild itself knows no names. */
const byName: Plugin = {
  name: 'by-name',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /./ }, ({ kind, path }) => (kind === 'entry-point' ? { path, namespace: 'by-name' } : null));
    onLoad({ filter: /./, namespace: 'by-name' }, async ({ path }) => ({
      contents: `export { ${Object.keys(await import(path)).filter((name) => name !== 'module.exports').join(', ')} } from '${path}';`,
      resolveDir: ROOT,
    }));
  },
};

/** Writes each into `dist/test/packages/`. What several need is there once. */
export async function buildTestPackages(): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: PACKAGES.map((name) => ({ in: name, out: name })),
    outdir: 'dist/test/packages',
    ...{ bundle: true, splitting: true, platform: 'node', target: 'node20.19', conditions: [], format: 'esm' },
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
    },
    external: ['cookie', 'pg-native'],
    plugins: [byName],
    logLevel: 'warning',
  });
}
