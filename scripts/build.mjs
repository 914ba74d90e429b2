// Makes one file of each process in dist/, with all that it imports. A process of hundreds of modules then starts in
// half the time.
// It does nothing if dist/ was made from the very files that are there now.
// `npm start` and `npm run start:…` run it first, so what they start is never older than its source.
//
// The sources stay where they are: schemas and pages beside them are read from there, also by built code.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import graphql from 'graphql';
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
  token: 'cli/token.ts',
};
/** Kit for workers of others: one file that loads nothing else. */
const SDK = { worker: 'sdk/worker.ts' };
/** Loaded from node_modules when they are needed at all, and not built in. */
const EXTERNAL = [
  '@prisma/client/runtime/query_compiler_*', // WebAssembly, 5 MB in text
  '@opentelemetry/api', // the SDK, which is loaded only for traces, must find the one that the rest has
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/exporter-trace-otlp-http',
  'cookie', // @fastify/cookie loads it late, by its names; of CommonJS that is loaded late, only the default is built in
  'pg-native', // an option of pg that is not installed
];
/** Other files that decide what is made. */
const SETTINGS = ['scripts/build.mjs', 'package.json', 'tsconfig.json', 'node_modules/.package-lock.json'];
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

const stampFile = join(dist, 'made-from.json');
const versionOf = (file) => {
  const stat = statSync(join(root, file), { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : 'none';
};

function isUpToDate() {
  if (!existsSync(stampFile)) return false;
  return Object.entries(JSON.parse(readFileSync(stampFile, 'utf8'))).every(([file, was]) => versionOf(file) === was);
}

/** Never half of a file: another process may be starting from it. */
function write(path, contents) {
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

/** @returns the sources of what it makes in `outdir` */
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
    plugins: [sourceUrls(outdir), oneGraphql, withoutUnused],
    minifyWhitespace: true, // sources stay in memory, comments too, and two bytes a letter where one is beyond Latin 1
    minifySyntax: true,
    legalComments: 'external',
    lineLimit: 160, // Node prints the line at which a process dies
    sourcemap: true,
    sourcesContent: false,
  });
  mkdirSync(outdir, { recursive: true });
  const shared = outputFiles.filter(({ path }) => basename(path).startsWith('chunk-'));
  for (const { path, contents } of new Set([...shared, ...outputFiles])) write(path, contents);
  const made = new Set(outputFiles.map(({ path }) => basename(path)));
  for (const { name } of readdirSync(outdir, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    if (!made.has(name) && statSync(join(outdir, name)).mtimeMs < beganMs - KEPT_MS) rmSync(join(outdir, name));
  }
  return Object.keys(metafile.inputs).filter((file) => existsSync(join(root, file)));
}

if (!isUpToDate()) {
  mkdirSync(dist, { recursive: true });
  write(stampFile, '{ "": "being made" }'); // no version of any file
  const beganMs = statSync(stampFile).mtimeMs;
  const inputs = await Promise.all([
    buildInto(dist, PROCESSES, beganMs),
    buildInto(join(dist, 'cli'), TERMINALS, beganMs),
    buildInto(join(dist, 'sdk'), SDK, beganMs),
  ]);
  const files = [...new Set([...SETTINGS, ...inputs.flat()])];
  const changedMeanwhile = files.some((file) => statSync(join(root, file)).mtimeMs >= beganMs);
  if (!changedMeanwhile)
    write(stampFile, JSON.stringify(Object.fromEntries(files.map((file) => [file, versionOf(file)]))));
}
