// Makes one file of each process in dist/, with all that it imports. A process of hundreds of modules then starts in
// half the time.
// It does nothing if dist/ was made from the very files that are there now.
// `npm start` and `npm run start:…` run it first, so what they start is never older than its source.
//
// It also makes the console, which browsers run, in dist/console/.
//
// The sources stay where they are: schemas and pages beside them are read from there, also by built code. Files of
// packages that are read at run time are copied to dist/.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import graphql from 'graphql';
import { buildConsole } from './consoleBuild.mjs';
import './generate-client.mjs'; // it is built in

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const PROCESSES = {
  gateway: 'gateway/main.ts',
  router: 'subgraphs/router/main.ts',
  database: 'subgraphs/database/main.ts',
  diagnosis: 'subgraphs/diagnosis/main.ts',
  recorder: 'subgraphs/recorder/main.ts',
  operator: 'subgraphs/operator/main.ts',
  replica: 'subgraphs/runtime/main.ts',
  system: 'local/main.ts',
  postgres: 'local/postgres/postgresMain.ts',
};
/**
 * Terminals, built apart so that the processes keep their few files. Tests run these: they start in a fifth of the
 * time.
 */
const TERMINALS = {
  chat: 'cli/chat.ts',
  chatDebug: 'cli/chatDebug.ts',
  check: 'cli/check.ts',
  conformance: 'cli/conformance.ts',
  forget: 'cli/forget.ts',
  migrate: 'cli/migrate.ts',
  packaged: 'cli/packaged.ts',
  token: 'cli/token.ts',
};
/** Kit for workers of others: one file that loads nothing else. */
const SDK = { worker: 'sdk/worker.ts' };
/** Loaded from node_modules when they are needed at all, and not built in. */
const EXTERNAL = [
  'pg-native', // an option of pg that is not installed
];
const QUERY_COMPILER = 'query_compiler_fast_bg.postgresql';
/**
 * Files of packages that are copied as they are, each with its folder in dist/. What is built then needs neither package.
 */
const COPIED = [
  ['', '@prisma/client', `runtime/${QUERY_COMPILER}.mjs`],
  ['graphiql', 'graphiql', 'graphiql.min.js'],
  ['graphiql', 'graphiql', 'graphiql.min.css'],
  ['graphiql', 'react', 'umd/react.production.min.js'],
  ['graphiql', 'react-dom', 'umd/react-dom.production.min.js'],
];
/** Other files that decide what is made. */
const SETTINGS = [
  'scripts/build.mjs',
  'scripts/consoleBuild.mjs',
  'package.json',
  'tsconfig.json',
  'node_modules/.package-lock.json',
];
/** Milliseconds for which old output is kept: a running process may load a part of it late. */
const KEPT_MS = 86_400_000;

/** Plugin that keeps each source's `import.meta.url`; otherwise it would be that of the built file. */
const sourceUrls = (outdir) => ({
  name: 'source-urls',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const url = `new URL(${JSON.stringify(relative(outdir, path))}, import.meta.url).href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url), loader: 'ts' };
    }),
});

/**
 * Plugin that takes all imports of graphql, which is CommonJS, from one place.
 * esbuild gives every importer a copy of all exports, each a getter of its own: 21,000 of them, 3 MB, and a call at
 * each use.
 */
const oneGraphql = {
  name: 'one-graphql',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^graphql$/ }, ({ kind, namespace }) =>
      kind === 'import-statement' && namespace !== 'one-graphql' ? { path: 'graphql', namespace: 'one-graphql' } : null,
    );
    onLoad({ filter: /.*/, namespace: 'one-graphql' }, () => ({
      contents: `import * as all from 'graphql';\nexport const { ${Object.keys(graphql).join(', ')} } = all;`,
      resolveDir: root,
    }));
  },
};

/**
 * Imports of Apollo's gateway for what it does not do here: composing, fetching from subgraphs and from its vendor, and telling
 * its vendor. Built in, they would take a quarter longer to start, and 20 MB.
 */
const UNUSED_BY_APOLLO = [
  '@apollo/composition',
  '@opentelemetry/(core|resources|sdk-metrics|exporter-metrics-otlp-http|semantic-conventions|resource-detector-[^/]+)',
  'async-retry',
  'make-fetch-happen',
  'node-cpu-count',
  'node-fetch',
];
const withoutUnused = {
  name: 'without-unused',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^(${UNUSED_BY_APOLLO.join('|')})(/|$)`) }, ({ importer }) =>
      /[\\/]@apollo[\\/]gateway[\\/]/.test(importer) ? { path: 'nothing', namespace: 'without-unused' } : null,
    );
    onLoad({ filter: /.*/, namespace: 'without-unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

const ofFastify = createRequire(createRequire(import.meta.url).resolve('@fastify/cookie'));
/** Plugin for what @fastify/cookie loads late by its names: of CommonJS that is loaded late, only the default is built in. */
const cookieByName = {
  name: 'cookie-by-name',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^cookie$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: 'cookie', namespace: 'cookie-by-name' } : null,
    );
    onLoad({ filter: /.*/, namespace: 'cookie-by-name' }, () => ({
      contents: `export { ${Object.keys(ofFastify('cookie')).join(', ')} } from 'cookie';`,
      resolveDir: dirname(ofFastify.resolve('./index.js')),
    }));
  },
};

/** Plugin that finds Prisma's query compiler beside what is built. */
const queryCompiler = (outdir) => ({
  name: 'query-compiler',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^@prisma\/client\/runtime\/query_compiler_/ }, ({ path }) => ({
      path: `./${relative(outdir, join(dist, basename(path)))}`,
      external: true,
    })),
});

/** File of what was made, and of which versions of which sources. `scripts/package.mjs` reads it. */
const stampFile = join(dist, 'made-from.json');
const versionOf = (file) => {
  const stat = statSync(join(root, file), { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : 'none';
};

function isUpToDate() {
  if (!existsSync(stampFile)) return false;
  const { sources = { '': 'older' } } = JSON.parse(readFileSync(stampFile, 'utf8'));
  return Object.entries(sources).every(([file, was]) => versionOf(file) === was);
}

/** Never half of a file: another process may be starting from it. */
function write(path, contents) {
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

/** @returns paths in dist/ */
function copyFiles() {
  const require = createRequire(import.meta.url);
  return COPIED.map(([folder, name, file]) => {
    const path = join(folder, basename(file));
    mkdirSync(join(dist, folder), { recursive: true });
    write(join(dist, path), readFileSync(join(dirname(require.resolve(`${name}/package.json`)), file)));
    return path;
  });
}

/** Writes Prisma's WebAssembly as what it is: its package has it in text, which is a third larger. */
async function writeQueryCompiler() {
  const { wasm } = await import(`@prisma/client/runtime/${QUERY_COMPILER}.wasm-base64.mjs`);
  const binary = `${QUERY_COMPILER}.wasm`;
  write(join(dist, binary), Buffer.from(wasm, 'base64'));
  const text = `import { readFileSync } from 'node:fs';
export const wasm = readFileSync(new URL('${binary}', import.meta.url)).toString('base64');
`;
  write(join(dist, `${QUERY_COMPILER}.wasm-base64.mjs`), text);
  return [binary, `${QUERY_COMPILER}.wasm-base64.mjs`];
}

/** @returns the sources of what it makes in `outdir`, and paths in dist/ of what it made */
async function buildInto(outdir, entryPoints, beganMs) {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20.19',
    conditions: [], // those of Node and no others, or of some packages there would be two
    format: 'esm',
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
    },
    external: EXTERNAL,
    define: { IS_BUILT: 'true' },
    plugins: [sourceUrls(outdir), queryCompiler(outdir), oneGraphql, cookieByName, withoutUnused],
    minifyWhitespace: true, // sources stay in memory, comments too, and two bytes a letter where one is beyond Latin 1
    minifySyntax: true,
    legalComments: 'external',
    lineLimit: 160, // Node prints the line at which a process dies
    sourcemap: true,
    sourcesContent: false,
  });
  writeAll(outdir, outputFiles, beganMs);
  return { sources: sourcesOf(metafile), made: pathsOf(outputFiles) };
}

/** Sources of the project among what a build has read. */
const sourcesOf = ({ inputs }) => Object.keys(inputs).filter((file) => existsSync(join(root, file)));

/** Paths in dist/ of what a build has made. */
const pathsOf = (outputFiles) => outputFiles.map(({ path }) => relative(dist, path));

/** Writes what a build has made, the shared parts first, and removes what is long out of use. */
function writeAll(outdir, outputFiles, beganMs) {
  mkdirSync(outdir, { recursive: true });
  const shared = outputFiles.filter(({ path }) => basename(path).startsWith('chunk-'));
  for (const { path, contents } of new Set([...shared, ...outputFiles])) write(path, contents);
  const made = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const { name } of readdirSync(outdir, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    if (!made.has(name) && !name.startsWith(QUERY_COMPILER) && statSync(join(outdir, name)).mtimeMs < beganMs - KEPT_MS)
      rmSync(join(outdir, name));
  }
}

/** @returns the sources of the console, and paths in dist/ of what it made */
async function buildBrowser(beganMs) {
  const outdir = join(dist, 'console');
  const { outputFiles, metafile, page, preloads } = await buildConsole(root, outdir);
  const named = { 'index.html': page, 'preloads.json': JSON.stringify(preloads) };
  const files = [
    ...outputFiles,
    ...Object.entries(named).map(([name, contents]) => ({ path: join(outdir, name), contents })),
  ];
  writeAll(outdir, files, beganMs);
  return { sources: [...sourcesOf(metafile), 'console/index.html', 'docs/runbook.md'], made: pathsOf(files) };
}

if (!isUpToDate()) {
  mkdirSync(dist, { recursive: true });
  write(stampFile, '{ "sources": { "": "being made" } }'); // no version of any file
  const beganMs = statSync(stampFile).mtimeMs;
  const built = await Promise.all([
    buildInto(dist, PROCESSES, beganMs),
    buildInto(join(dist, 'cli'), TERMINALS, beganMs),
    buildInto(join(dist, 'sdk'), SDK, beganMs),
    buildBrowser(beganMs),
  ]);
  const made = [...copyFiles(), ...(await writeQueryCompiler()), ...built.flatMap((one) => one.made)];
  const files = [...new Set([...SETTINGS, ...built.flatMap((one) => one.sources)])];
  const changedMeanwhile = files.some((file) => statSync(join(root, file)).mtimeMs >= beganMs);
  if (!changedMeanwhile) {
    const sources = Object.fromEntries(files.map((file) => [file, versionOf(file)]));
    write(stampFile, JSON.stringify({ sources, made }));
  }
}
