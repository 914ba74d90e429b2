/**
 * A Coder deployment as this project meets it. It has a database with Coder's tables and a role that may read them.
 * The built gateway runs the database subgraph in its process, and knows only where the database is.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import type pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import { signCallerToken } from '../../../local/callerToken.ts';
import { READ_ALL } from '../../../server/tokens/internalToken.ts';
import { Field } from '../../field/support/field.ts';
import { createDatabase } from '../../support/database.ts';
import { type ServerProcess, startServerProcess } from '../../support/serverProcess.ts';
import { createReader, createTables, dropReader, type ReadTable, type Variant } from '../tables.ts';
import { Ages } from './ages.ts';

const AUTH_SECRET = 'a secret of callers of a Coder deployment';
const INTERNAL_SECRET = 'an internal secret beside a Coder deployment';

interface DeploymentOptions {
  readonly variant?: Variant;
  /** Tables that the role may not read. */
  readonly without?: readonly ReadTable[];
  /** Settings of the gateway, on top of what everybody sets. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The server that the database is made on; left out: that of the whole run. */
  readonly server?: () => string | undefined;
  /** Puts rows into it before anybody asks. */
  readonly fill: (pool: pg.Pool) => Promise<unknown>;
}

export interface Deployment {
  /** Connections of a role that may change the tables. */
  readonly pool: pg.Pool;
  readonly ages: Ages;
  readonly gateway: ServerProcess;
  readonly field: Field;
  /** Every line that the gateway has logged. */
  readonly log: readonly string[];
}

/** Call at the top of a test file or a `describe`. The deployment is there before the first test, and ends after the last. */
export function deploymentPerFile(options: DeploymentOptions): Deployment {
  const holder: { current?: Deployment; close: (() => Promise<unknown>)[] } = { close: [] };
  beforeAll(async () => {
    holder.current = await start(options, (close) => holder.close.unshift(close));
  });
  afterAll(async () => {
    for (const close of holder.close.splice(0)) await close();
  });
  const current = () => {
    if (!holder.current) throw new Error('The deployment is there once the tests run, not while the file is read');
    return holder.current;
  };
  return {
    get pool() {
      return current().pool;
    },
    get ages() {
      return current().ages;
    },
    get gateway() {
      return current().gateway;
    },
    get field() {
      return current().field;
    },
    get log() {
      return current().log;
    },
  };
}

async function start(
  { variant, without, settings = {}, server, fill }: DeploymentOptions,
  onEnd: (close: () => Promise<unknown>) => void,
): Promise<Deployment> {
  const database = await createDatabase('template0', server?.());
  onEnd(database.drop);
  await createTables(database.pool, variant);
  await fill(database.pool);
  await database.pool.query('ANALYZE');
  const role = `reader_${randomUUID().replaceAll('-', '')}`;
  const readerUrl = await createReader(database, role, without);
  onEnd(() => dropReader(database.pool, role));
  const ages = new Ages(database.pool);
  await ages.begin();
  const log: string[] = [];
  const gateway = await startServerProcess(
    'dist/gateway.js',
    {
      ...{ DATABASE_URL: readerUrl, DATABASE_SUBGRAPH_URL: 'in-process', DATABASE_TIMEOUT_MS: '20000' },
      ...{ AUTH_SECRET, INTERNAL_SECRET, PORT: '0', RATE_LIMIT_PER_MINUTE: '0' },
      ...settings,
    },
    { onLine: (line) => log.push(line) },
  );
  onEnd(async () => {
    gateway.kill('SIGTERM');
    await gateway.ended;
  });
  const claims = { sub: randomUUID(), roles: [READ_ALL], lifetimeSeconds: 3_600 };
  const token = await signCallerToken(AUTH_SECRET, claims, systemClock.now());
  const system = { gatewayUrl: gateway.url, databaseUrl: readerUrl, pool: database.pool, token };
  const field = new Field(() => ({ ...system, authSecret: AUTH_SECRET, internalSecret: INTERNAL_SECRET }));
  return { pool: database.pool, ages, gateway, field, log };
}
