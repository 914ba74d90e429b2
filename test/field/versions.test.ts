/**
 * An upgrade from the real earlier version as processes, and the way back.
 * It goes step by step in the order of `docs/upgrading.md`. Every step is checked on chats that both versions work on.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { signCallerToken } from '../../local/callerToken.ts';
import { READ_ALL, signInternalToken } from '../../server/tokens/internalToken.ts';
import { askGateway } from '../gateway/gateways.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { runScript } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';
import { type ServerProcess, startServerProcess } from '../support/serverProcess.ts';
import { until } from '../support/until.ts';
import { buildEarlierVersion, type EarlierVersion, hasEarlierVersion } from './support/earlierVersion.ts';

jest.setTimeout(240_000);

const SECRETS = {
  INTERNAL_SECRET: 'an internal secret of two versions',
  AUTH_SECRET: 'a secret of callers of two versions',
};
const TIMES = {
  ...{ HEARTBEAT_INTERVAL_SECONDS: '0.5', HEARTBEAT_STALE_SECONDS: '8', ACQUISITION_INTERVAL_SECONDS: '0.5' },
  ...{ REPLICA_TIMEOUT_MS: '5000', DATABASE_TIMEOUT_MS: '10000', RATE_LIMIT_PER_MINUTE: '0' },
};
const BOTH = `chatDebugSnapshots(chatIds: $ids) {
  diagnosis { verdict consistency findings { code } }
  diagnosisEverywhere { verdict }
  database { status workerId }
  runtime { reachability { status } runners { phase activeTaskKind } }
}`;

interface Chat {
  diagnosis: { verdict: string; consistency: string; findings: { code: string }[] };
  diagnosisEverywhere: { verdict: string };
  database: { status: string; workerId: string };
  runtime: { reachability: { status: string }; runners: { phase: string; activeTaskKind: string }[] } | null;
}

/** Its processes, for one database. Whatever still runs at the end is killed. */
class Deployment {
  readonly #processes: ServerProcess[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  readonly database: Awaited<ReturnType<typeof createDatabase>>;

  constructor(database: Awaited<ReturnType<typeof createDatabase>>) {
    this.database = database;
    this.#environment = { ...TIMES, ...SECRETS, DATABASE_URL: database.url };
  }

  async start(script: string, changes: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const started = await startServerProcess(script, { ...this.#environment, ...changes });
    this.#processes.push(started);
    return started;
  }

  /** @param port 0: any free one */
  subgraph = (script: string, port = '0') => this.start(script, { DATABASE_SUBGRAPH_PORT: port });
  replica = (script: string, changes = {}) => this.start(script, { RUNTIME_PORT: '0', MAX_RUNNERS: '1', ...changes });
  gateway = (script: string, subgraph: ServerProcess) =>
    this.start(script, { PORT: '0', DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql` });

  run = (script: string, ...args: string[]) => runScript(script, args, this.#environment);

  /** A chat whose answer takes a minute, once a replica works on it. */
  async slowChat(): Promise<string> {
    const id = await this.#create('/slow 200');
    await until('a replica takes the chat', async () => (await this.#row(id))?.worker_id != null);
    return id;
  }

  /** Waits until a new chat is answered. */
  async answers(): Promise<void> {
    const id = await this.#create('hello');
    await until('the chat is answered', async () => (await this.#row(id))?.status === 'waiting');
  }

  /** Creates a chat with columns that every version has. */
  async #create(text: string): Promise<string> {
    const { pool } = this.database;
    const id = await insertChat(pool, { title: text });
    await pool.query(`INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'user', $2)`, [
      id,
      JSON.stringify([{ type: 'text', text }]),
    ]);
    await pool.query(`UPDATE chats SET status = 'running', updated_at = now() WHERE id = $1`, [id]);
    return id;
  }

  async #row(id: string) {
    const { rows } = await this.database.pool.query<{ status: string; worker_id: string | null }>(
      'SELECT status::text, worker_id FROM chats WHERE id = $1',
      [id],
    );
    return rows[0];
  }

  async ask(gateway: ServerProcess, ids: readonly string[], selection = BOTH) {
    const claims = { sub: randomUUID(), roles: [READ_ALL], lifetimeSeconds: 600 };
    const token = await signCallerToken(SECRETS.AUTH_SECRET, claims, systemClock.now());
    const query = `query ($ids: [UUID!]!) { ${selection} }`;
    const { body } = await askGateway<{ chatDebugSnapshots: Chat[] }>(gateway, query, { variables: { ids }, token });
    return { chats: body.data?.chatDebugSnapshots ?? [], errors: body.errors };
  }

  async end(): Promise<void> {
    for (const one of this.#processes) one.kill('SIGKILL');
    await Promise.all(this.#processes.map(({ ended }) => ended));
    await this.database.drop();
  }
}

const stop = async (process: ServerProcess): Promise<void> => {
  process.kill('SIGINT'); // no wait for balancers
  await process.ended;
};

/** Each is worked on and its owner has said so. */
async function expectWorking(deployment: Deployment, gateway: ServerProcess, ids: readonly string[]) {
  const { chats, errors } = await deployment.ask(gateway, ids);
  expect(errors).toBeUndefined();
  expect(chats).toHaveLength(ids.length);
  for (const chat of chats) {
    expect(chat).toMatchObject({
      diagnosis: { verdict: 'WORKING', consistency: 'EXACT', findings: [] },
      ...{ diagnosisEverywhere: { verdict: 'WORKING' }, database: { status: 'running' } },
      runtime: { reachability: { status: 'OK' }, runners: [{ phase: 'RUNNING', activeTaskKind: 'GENERATION' }] },
    });
  }
  expect(new Set(chats.map(({ database }) => database.workerId)).size).toBe(ids.length);
}

(hasEarlierVersion() ? describe : describe.skip)('beside the real earlier version', () => {
  const held: { earlier?: EarlierVersion } = {};
  const earlier = (path: string) => held.earlier?.script(path) ?? '';
  beforeAll(() => {
    held.earlier = buildEarlierVersion();
  });
  afterAll(() => held.earlier?.remove());

  const inDeployment = (use: (deployment: Deployment) => Promise<void>) => async () => {
    const deployment = new Deployment(await createDatabase('template0'));
    try {
      await use(deployment);
    } finally {
      await deployment.end();
    }
  };

  test(
    'step by step, every chat of either version is WORKING for whichever gateway is asked, and so on the way back',
    inDeployment(async (all) => {
      expect(await all.run(earlier('cli/migrate.ts'))).toMatchObject({ code: 0 });
      await all.replica(earlier('dist/replica.js'));
      const oldSubgraph = await all.subgraph(earlier('dist/database.js'));
      const oldGateway = await all.gateway(earlier('dist/gateway.js'), oldSubgraph);
      const ofOld = await all.slowChat();
      await expectWorking(all, oldGateway, [ofOld]);

      // 1. The tables. Replicas of the earlier version go on.
      expect(await all.run('cli/migrate.ts')).toMatchObject({ code: 0 });
      await expectWorking(all, oldGateway, [ofOld]);

      // 2. The replicas.
      await all.replica('dist/replica.js');
      const chats = [ofOld, await all.slowChat()];
      await expectWorking(all, oldGateway, chats);

      // The gateway too early: what is newer in the database subgraph is missed.
      const early = await all.gateway('dist/gateway.js', oldSubgraph);
      const missed = await all.ask(early, chats);
      expect(missed.chats).toEqual([]);
      for (const { extensions } of missed.errors ?? [{ extensions: undefined }]) {
        expect(extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
      }
      const plain = await all.ask(
        early,
        chats,
        'chatDebugSnapshots(chatIds: $ids) { runtime { reachability { status } } }',
      );
      expect(plain).toEqual({
        chats: chats.map(() => ({ runtime: { reachability: { status: 'OK' } } })),
        errors: undefined,
      });
      await stop(early);

      // 3. The database subgraph.
      await stop(oldSubgraph);
      const { port } = new URL(oldSubgraph.url);
      const subgraph = await all.subgraph('dist/database.js', port);
      await expectWorking(all, oldGateway, chats);

      // 4. The gateway, last; beside it the earlier one.
      const gateway = await all.gateway('dist/gateway.js', subgraph);
      for (const _ of ['refused first', 'remembered']) await expectWorking(all, gateway, chats);
      await expectWorking(all, oldGateway, chats);

      const { chats: tasks, errors } = await all.ask(
        gateway,
        chats,
        'chatDebugSnapshots(chatIds: $ids) { runtime { reachability { status } runners { activeTask { kind maxAttempts label } } } }',
      );
      expect(tasks[0]).toEqual({
        runtime: {
          reachability: { status: 'OK' },
          runners: [{ activeTask: { kind: 'GENERATION', maxAttempts: null, label: null } }],
        },
      });
      expect(errors).toEqual([
        {
          message: expect.stringContaining('version 0.1.0, which does not know all that was asked'),
          path: ['chatDebugSnapshots', 0, 'runtime', 'runners', 0, 'activeTask', 'maxAttempts'],
          extensions: { code: 'FIELD_UNSUPPORTED', workerId: expect.any(String), chatIds: [ofOld] },
        },
      ]);

      // Back, in reverse: the gateway first.
      await stop(gateway);
      await stop(subgraph);
      await all.subgraph(earlier('dist/database.js'), port);
      await expectWorking(all, oldGateway, chats);
    }),
  );

  test(
    'through the router, for a gateway that is not ours',
    inDeployment(async (all) => {
      await all.run('cli/migrate.ts');
      await all.replica('dist/replica.js', { MAX_RUNNERS: '9' });
      const subgraph = await all.subgraph('dist/database.js');
      const chatId = await all.slowChat();
      const { chats } = await all.ask(await all.gateway('dist/gateway.js', subgraph), [chatId]);
      const representations = [{ __typename: 'ChatRuntime', chatId, workerId: chats[0]?.database.workerId }];
      for (const script of ['dist/router.js', earlier('dist/router.js')]) {
        const router = await all.start(script, { ROUTER_PORT: '0', DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql` });
        const caller = { sub: 'operator', roles: [READ_ALL] };
        const token = await signInternalToken(SECRETS.INTERNAL_SECRET, 'router', caller);
        const query = `query ($r: [_Any!]!) {
          _entities(representations: $r) { ... on ChatRuntime { reachability { status } runners { phase } } }
        }`;
        const { body } = await askGateway(router, query, { variables: { r: representations }, token });
        expect(body).toEqual({
          data: { _entities: [{ reachability: { status: 'OK' }, runners: [{ phase: 'RUNNING' }] }] },
        });
      }
    }),
  );

  test(
    'a worker on the tables of the other version: this one refuses and says what to do, the earlier one after one statement',
    inDeployment(async (all) => {
      expect(await all.run(earlier('cli/migrate.ts'))).toMatchObject({ code: 0 });
      await expect(all.replica('dist/replica.js')).rejects.toThrow(
        /lacks the migrations [\w, ]+\. Run `npm run migrate` with this DATABASE_URL first/,
      );
      const running = await all.replica(earlier('dist/replica.js'));
      const applied = (await all.run('cli/migrate.ts')).stdout;
      expect(applied).toMatch(/^Applied: \d/);
      await all.answers(); // by the worker that was there before
      await stop(running);

      await expect(all.replica(earlier('dist/replica.js'))).rejects.toThrow(/migrations that are not this project's/);
      const { pool } = all.database;
      const later = `WHERE migration_name > '20261123000000_fleet_indexes'`;
      await pool.query(`UPDATE _prisma_migrations SET rolled_back_at = now() ${later}`);
      await stop(await all.replica(earlier('dist/replica.js')).then(async (old) => all.answers().then(() => old)));

      await expect(all.replica('dist/replica.js')).rejects.toThrow(/npm run migrate/);
      await pool.query(`UPDATE _prisma_migrations SET rolled_back_at = NULL ${later}`);
      expect((await all.run('cli/migrate.ts')).stdout).toMatch(/^Nothing to do/);
      await all.replica('dist/replica.js');
      await all.answers();
    }),
  );
});
