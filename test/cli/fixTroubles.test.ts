/**
 * Troubles as the README and the terminal's page make them, with real workers: each is found by `stuck`, acted on by `fix`, gone by
 * `why`, and recorded by `actions`. Nothing but the terminal is asked.
 */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { AUDIT, OPERATE } from '../../domain/actions/rights.ts';
import { freePort } from '../../local/ports.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import { replicaProcessesPerTest } from '../diagnosis/support/replicaProcess.ts';
import { callerToken, DIAGNOSIS_SETTINGS, INTERNAL_SECRET } from '../gateway/gateways.ts';
import { operatorsPerTest } from '../subgraphs/operator/support/operators.ts';
import { chatWaits } from '../support/chatWaits.ts';
import { TROUBLES, type Trouble } from '../support/troubles.ts';
import { until } from '../support/until.ts';
import { unwrapped } from './support/bundles.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(240_000);

const port = await freePort(systemClock);
const url = `http://127.0.0.1:${port}/graphql`;
const system = debugSystemPerFile({
  diagnosis: { ...DIAGNOSIS_SETTINGS, staleAfterSeconds: 5, noProgressSeconds: 6 },
  operator: { url, databaseTimeoutMs: 20_000 },
});
const { database, startReplica, chat, debug } = system;
const startProcess = replicaProcessesPerTest();
const operators = operatorsPerTest(database);
beforeEach(() => operators.start({ port, gatewayUrl: `${system.system.url}/graphql` }));
afterEach(() => database.pool.query('TRUNCATE chats, replicas CASCADE'));
const becomes = chatWaits(() => database.pool);

/** Leases that last longer than a test: no worker takes a chat from another one by itself. */
const LONG = { heartbeatIntervalSeconds: 0.5, staleAfterSeconds: 300 };
const create = (text: string) => chat('create', text, '--owner', randomUUID());

/** Ways to make each trouble. @returns the chat's id */
const MAKE: Readonly<Record<Trouble['code'], () => Promise<string>>> = {
  NO_PROGRESS: async () => {
    await startReplica(LONG);
    return create('/stall');
  },
  OWNER_UNREACHABLE: async () => {
    const owner = await startProcess({
      ...{ DATABASE_URL: database.url, INTERNAL_SECRET, MODEL: 'built-in', LOG_LEVEL: 'silent' },
      ...{ HEARTBEAT_INTERVAL_SECONDS: '0.5', HEARTBEAT_STALE_SECONDS: '300' },
    });
    const id = await create('/slow 4');
    await becomes(id, ({ workerId, generationAttempt }) => workerId === owner.id && generationAttempt === 1);
    owner.kill('SIGKILL');
    await startReplica(LONG);
    return id;
  },
  QUEUE_BLOCKED: async () => {
    const id = await create('/fail 2');
    await chat('send', id, 'and then?');
    await startReplica({ ...LONG, maxAttempts: 2 });
    return id;
  },
  INVALID_STATE: async () => {
    await startReplica(LONG);
    const id = await create('hello');
    await becomes(id, ({ status, workerId }) => status === 'waiting' && workerId === null);
    await database.pool.query(`UPDATE chats SET status = 'paused' WHERE id = $1`, [id]);
    return id;
  },
};

describe('at a terminal', () => {
  test.each(TROUBLES)('$what is found, acted on, gone, and recorded', async ({ code, action, led, ends }) => {
    const id = await MAKE[code]();
    const token = await callerToken({ sub: randomUUID(), roles: [READ_ALL, OPERATE, AUDIT] });
    const ask = (...args: string[]) => debug(args, { CHAT_DEBUG_TOKEN: token });
    const listed = new RegExp(`^${id} .*\\n  ${code}: `, 'm');
    await until(`${code} is found`, async () => listed.test((await ask('stuck')).stdout));

    const offers = await ask('fix', id);
    expect(unwrapped(offers.stdout)).toMatch(new RegExp(`${action} ${led}, risk [^:]* answers [A-Z_, ]*${code}`));
    const why = 'as the runbook says';
    const done = await ask('fix', id, '--action', action, '--reason', why, '--yes');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining(`DONE  ${action}. ${led}.`) });
    expect(unwrapped(done.stdout)).toMatch(new RegExp(`Gone: [A-Z_, ]*${code}`));

    await until(`the verdict is ${ends}`, async () => {
      const { stdout } = await ask('why', id);
      expect(stdout).not.toContain(code);
      return stdout.startsWith(`${ends} `);
    });
    expect(unwrapped((await ask('stuck')).stdout)).not.toContain(code);
    const { stdout } = await ask('actions', '--chat', id);
    expect(unwrapped(stdout).trim()).toMatch(
      new RegExp(
        `^\\S+ DONE ${action}, ${led}; its findings are gone chat ${id}, by \\S+ \\(terminal\\) because: ${why}$`,
      ),
    );
  });
});
