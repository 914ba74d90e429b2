// `node scripts/consoleSize.mjs`: prints how large the console is over the wire, in bytes of gzip -9. It ends with 1 if that
// is too much: what the first page needs, and all of it together.
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildConsole } from './consoleBuild.mjs';

const LIMITS = { first: 60_000, all: 160_000 };
const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns bytes of the first page, and of all */
export async function consoleSizes() {
  const { outputFiles, metafile } = await buildConsole(root, join(root, 'dist/console'));
  const sizes = new Map(
    outputFiles.map(({ path, contents }) => [basename(path), gzipSync(contents, { level: 9 }).length]),
  );
  const outputs = Object.entries(metafile.outputs);
  const needed = new Set();
  const need = (path) => {
    const output = metafile.outputs[path];
    if (!output || needed.has(path)) return;
    needed.add(path);
    if (output.cssBundle) need(output.cssBundle);
    for (const { path: imported, kind } of output.imports) if (kind === 'import-statement') need(imported);
  };
  for (const [path, { entryPoint }] of outputs) {
    if (['console/main.tsx', 'console/pages/fleet.tsx'].includes(entryPoint)) need(path);
  }
  const sum = (paths) => paths.reduce((total, path) => total + (sizes.get(basename(path)) ?? 0), 0);
  return { first: sum([...needed]), all: sum(outputs.map(([path]) => path)) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = await consoleSizes();
  for (const [what, limit] of Object.entries(LIMITS)) {
    console.log(`${what === 'first' ? 'first page' : 'all pages '}  ${sizes[what]} of ${limit} bytes`);
    if (sizes[what] > limit) process.exitCode = 1;
  }
}
