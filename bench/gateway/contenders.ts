/** The gateways, each in a process of its own over the same stubs, and how each is asked. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { systemClock as clock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { environmentWith } from '../../server/settings/config.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import type { HandWrittenSpec } from './handWritten.ts';
import { HIVE_VERSION, installHive } from './peers.ts';
import { keep, start } from './processes.ts';
import { SHAPES } from './shapes.ts';
import type { Stubs } from './stubs.ts';

export interface Contender {
  readonly name: string;
  /** URL at which it answers. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly child: ChildProcess;
}

/** Secret of callers' tokens. */
export const SECRET = 'a secret for this bench alone, long enough';
const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/**
 * Environment of the process that users run, with default settings.
 * Only the limit of requests a minute, and time limits that a loaded machine would reach, are lifted; the others have
 * none.
 */
export const ourEnvironment = (databaseUrl: string): Record<string, string> => ({
  ...{ PORT: '0', DATABASE_SUBGRAPH_URL: `${databaseUrl}/graphql`, RATE_LIMIT_PER_MINUTE: '0' },
  ...{ REPLICA_TIMEOUT_MS: '20000', DATABASE_TIMEOUT_MS: '20000' },
  ...{ AUTH_SECRET: SECRET, INTERNAL_SECRET: `${SECRET}, too` },
});

export async function ourHeaders(): Promise<Record<string, string>> {
  const token = await new SignJWT({ exp: 99_999_999_999, sub: 'a-bench', roles: [READ_ALL] })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
  return { ...HEADERS, authorization: `Bearer ${token}` };
}

interface OurOptions {
  readonly nodeOptions?: readonly string[];
  /** Folder of another checkout, as a URL; unset: this one. */
  readonly folder?: string;
  /** Other than the bench's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Not the built file that `npm start` runs, but the sources, whose names a profiler then shows. */
  readonly isFromSource?: boolean;
}

export async function startOurs(databaseUrl: string, options: OurOptions = {}) {
  const { nodeOptions = [], folder, settings, isFromSource = false } = options;
  const root = new URL(folder ? `${folder}/` : '../../', import.meta.url);
  if (!isFromSource) execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
  const { url, child } = await start(new URL(isFromSource ? 'gateway/main.ts' : 'dist/gateway.js', root).href, {
    environment: { ...ourEnvironment(databaseUrl), ...settings },
    isQuiet: true, // a line for each request
    nodeOptions,
  });
  return { name: folder ?? 'this gateway', url: `${url}/graphql`, headers: await ourHeaders(), child };
}

/** The same supergraph, with the runtime subgraph as one plain server. */
function plainSupergraph({ database, plain }: Stubs): string {
  const sdl = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');
  return sdl.replaceAll('http://127.0.0.1:4001', database).replaceAll('http://127.0.0.1:4002', plain);
}

export async function startStock(stubs: Stubs): Promise<Contender> {
  const { url, child } = await start('./stock.ts', { message: { supergraphSdl: plainSupergraph(stubs) } });
  return { name: 'Apollo Gateway, stock', url, headers: HEADERS, child };
}

/** Handler by hand: by Node's server alone, and behind our edge. */
export async function startHandWritten(stubs: Stubs): Promise<[bare: Contender, behindEdge: Contender]> {
  const calls = Object.fromEntries(SHAPES.map((shape) => [shape.query, shape.calls]));
  const message: HandWrittenSpec = { databaseUrl: stubs.database, replicas: stubs.replicas, calls };
  return startBareAndBehindEdge('./handWritten.ts', message);
}

export async function startBareAndBehindEdge<T extends { readonly authSecret?: string }>(file: string, message: T) {
  const bare = await start(file, { message });
  const edge = await start(file, { message: { ...message, authSecret: SECRET }, isQuiet: true });
  return [
    { ...bare, name: 'hand-written handler', headers: HEADERS },
    { ...edge, name: 'the same handler behind our edge', url: `${edge.url}/graphql`, headers: await ourHeaders() },
  ] satisfies [Contender, Contender];
}

/**
 * Starts Hive in one process, as all others.
 * @param planner `rust`: that of its router, which its makers call the fastest
 */
export async function startHive(stubs: Stubs, planner: 'javascript' | 'rust' = 'javascript'): Promise<Contender> {
  const bin = installHive();
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-bench-'));
  writeFileSync(join(folder, 'supergraph.graphql'), plainSupergraph(stubs));
  const port = await freePort(clock);
  const url = `http://127.0.0.1:${port}`;
  const runtime = planner === 'rust' ? ['--hive-router-runtime'] : [];
  const where = ['-h', '127.0.0.1', '-p', String(port), '--fork', '1'];
  const child = spawn(process.execPath, [bin, 'supergraph', ...where, ...runtime], {
    ...{ cwd: folder, env: environmentWith({ NODE_ENV: 'production' }), stdio: 'ignore' },
  });
  keep(child);
  child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const isReady = () =>
    fetch(`${url}/readiness`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`Hive Gateway ended with ${child.exitCode}`);
    await clock.sleep(20);
  }
  const name = `Hive Gateway ${HIVE_VERSION}${planner === 'rust' ? ', Rust planner' : ''}`;
  return { name, url: `${url}/graphql`, headers: HEADERS, child };
}
