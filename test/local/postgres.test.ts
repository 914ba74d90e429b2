import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import { stopLeftOverPostgres } from '../../local/postgres/leftOverPostgres.ts';
import type { ReadyMessage } from '../../server/lifecycle.ts';
import { until } from '../support/until.ts';
import { folderPerTest } from './temporaryFolder.ts';

const keepers: ChildProcess[] = [];
const folder = folderPerTest(async () => {
  await Promise.all(keepers.splice(0).map((keeper) => end(keeper, 'SIGTERM')));
  await stopLeftOverPostgres(dataFolder(), systemClock);
});
const dataFolder = () => join(folder.path, 'postgres');

/** The process that `npm start` uses to hold the server. */
async function startKeeper(port: number, password = 'secret') {
  const keeper = fork(new URL('../../dist/postgres.js', import.meta.url), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  keepers.push(keeper);
  let said = '';
  keeper.stderr?.on('data', (text) => {
    said += text;
  });
  keeper.send({ folder: dataFolder(), port, password });
  const ready = once(keeper, 'message').then(([message]) => (message as ReadyMessage).ready.url);
  const failed = once(keeper, 'close').then(([code]) => Promise.reject(new Error(`exit code ${code}: ${said}`)));
  const outcome = Promise.race([ready, failed]);
  outcome.catch(() => {}); // for the test that does not wait for it
  return { keeper, ready: outcome };
}

async function end(keeper: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return keeper.exitCode;
  const exit = once(keeper, 'exit');
  keeper.kill(signal);
  return (await exit)[0];
}

/** A session that notices when the server ends. */
async function session(url: string) {
  const client = new pg.Client(url);
  client.on('error', () => {}); // the server was stopped
  await client.connect();
  return { client, ended: new Promise((resolve) => client.once('end', resolve)) };
}

describe('the embedded Postgres', () => {
  test('keeps what was written over an orderly stop, and takes its own password only', async () => {
    const port = await freePort(systemClock);
    const first = await startKeeper(port);
    const before = await session(await first.ready);
    await before.client.query('CREATE TABLE kept AS SELECT 42 AS answer');
    expect(await end(first.keeper, 'SIGTERM')).toBe(0);
    await before.ended;
    expect(existsSync(join(dataFolder(), 'postmaster.pid'))).toBe(false);

    const impostor = await startKeeper(port, 'other');
    await expect(impostor.ready).rejects.toThrow('another password than the one kept beside it');
    expect(existsSync(join(dataFolder(), 'postmaster.pid'))).toBe(false);

    const second = await startKeeper(port);
    const after = await session(await second.ready);
    expect((await after.client.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
    await after.client.end();
  });

  test('ends when the process that started its keeper is gone', async () => {
    const { keeper, ready } = await startKeeper(await freePort(systemClock));
    const { ended } = await session(await ready);
    const exit = once(keeper, 'exit');
    keeper.disconnect();
    await Promise.all([ended, exit]);
    expect(existsSync(join(dataFolder(), 'postmaster.pid'))).toBe(false);
  });

  test('that outlived its keeper is stopped by the next one, which takes its port and its data', async () => {
    const port = await freePort(systemClock);
    const first = await startKeeper(port);
    const before = await session(await first.ready);
    await before.client.query('CREATE TABLE kept AS SELECT 42 AS answer');
    await end(first.keeper, 'SIGKILL');
    expect((await before.client.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);

    const second = await startKeeper(port);
    const after = await session(await second.ready);
    await before.ended;
    expect((await after.client.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
    await after.client.end();
  });

  test('killed with SIGKILL, is reported by its keeper, and starts again with what was committed', async () => {
    const port = await freePort(systemClock);
    const first = await startKeeper(port);
    const before = await session(await first.ready);
    await before.client.query('CREATE TABLE kept AS SELECT 42 AS answer');
    const exit = once(first.keeper, 'exit');
    process.kill(Number(readFileSync(join(dataFolder(), 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    expect((await exit)[0]).toBe(1);

    const second = await startKeeper(port);
    const after = await session(await second.ready);
    expect((await after.client.query('SELECT answer FROM kept')).rows).toEqual([{ answer: 42 }]);
    await after.client.end();
  });

  test('told to stop while its folder is being made, leaves neither a process nor half a folder', async () => {
    const { keeper } = await startKeeper(await freePort(systemClock));
    await until('the new data folder is begun', () =>
      readdirSync(folder.path).some((name) => name.includes('.new-') && !name.endsWith('.password')),
    );
    expect(await end(keeper, 'SIGTERM')).toBe(0);
    expect(readdirSync(folder.path)).toEqual(['postgres.log']);
  });

  test('does not take another program for its server, and is not kept from starting by it', async () => {
    const port = await freePort(systemClock);
    const first = await startKeeper(port);
    await first.ready;
    await end(first.keeper, 'SIGTERM');
    // Note that a power cut leaves, whose number is by now another program's: here this test's own.
    writeFileSync(join(dataFolder(), 'postmaster.pid'), `${process.pid}\n${dataFolder()}\n`, { mode: 0o600 });
    const begunMs = systemClock.monotonicMs();
    await stopLeftOverPostgres(dataFolder(), systemClock);
    expect(systemClock.monotonicMs() - begunMs).toBeLessThan(1_000);
    const second = await startKeeper(port);
    await (await session(await second.ready)).client.end();
  });
});
