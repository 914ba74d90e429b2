// Makes the console for browsers: one file that is loaded first, and one for each page. Their names hold a hash of what
// is in them, so that a browser may keep them for ever.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/**
 * Plugin that gives the runbook as text, without the output of examples: the page shows the chat itself.
 * Advice for a Coder deployment stays.
 */
const runbook = {
  name: 'runbook',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]docs[\\/]runbook\.md$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(/<!-- example: \w+ -->\n(\n```text\n[\s\S]*?\n```\n)?/g, ''),
      loader: 'text',
    })),
};

/** @returns files, what was read, the page that loads the first ones, and what each page of the console loads besides */
export async function buildConsole(root, outdir) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['console/main.tsx'],
    outdir,
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: 'browser',
    target: ['chrome123', 'firefox128', 'safari17.5'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    plugins: [runbook],
    minify: true,
    legalComments: 'none',
  });
  const made = (ending) =>
    basename(outputFiles.find(({ path }) => basename(path).startsWith('main-') && path.endsWith(ending)).path);
  const page = readFileSync(join(root, 'console/index.html'), 'utf8')
    .replace('main.js', made('.js'))
    .replace('main.css', made('.css'));
  return { outputFiles, metafile, page, preloads: preloadsOf(metafile) };
}

/**
 * Files that a page of the console needs, by its name. A browser that is told of them fetches them together with the
 * first one, and not after that has run.
 */
function preloadsOf({ outputs }) {
  const need = (path, needed = new Set()) => {
    if (needed.has(path)) return needed;
    needed.add(path);
    for (const { path: imported, kind } of outputs[path].imports)
      if (kind === 'import-statement') need(imported, needed);
    return needed;
  };
  const pathOf = (entry) =>
    Object.keys(outputs).find((path) => outputs[path].entryPoint === entry && path.endsWith('.js'));
  const main = pathOf('console/main.tsx');
  const pages = Object.values(outputs).flatMap(
    ({ entryPoint }) => /^console\/pages\/(\w+)\.tsx$/.exec(entryPoint ?? '')?.[1] ?? [],
  );
  return Object.fromEntries(
    pages.map((name) => {
      const needed = need(pathOf(`console/pages/${name}.tsx`), need(main));
      return [name, [...needed].filter((path) => path !== main).map((path) => basename(path))];
    }),
  );
}
