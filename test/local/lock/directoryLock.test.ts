import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type DirectoryLock, lockDirectory } from '../../../local/lock/directoryLock.ts';
import { folderPerTest } from '../temporaryFolder.ts';

const children: ChildProcess[] = [];
const folder = folderPerTest(() => Promise.all(children.splice(0).map(kill)));

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** A process that waits for a folder to lock. */
function contender() {
  const child = fork(new URL('../../../dist/test/local/children/lockHolder.js', import.meta.url), { execArgv: [] });
  children.push(child);
  return {
    child,
    lock: async (): Promise<string> => {
      const answer = once(child, 'message');
      child.send({ folder: folder.path, holder: `process ${child.pid}` });
      return (await answer)[0];
    },
  };
}

/** A folder in which `count` processes held the lock, one after the other, and were killed. */
async function leaveDeadSockets(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) {
    const { child, lock } = contender();
    expect(await lock()).toBe('held');
    await kill(child);
  }
}

describe('the lock of a folder', () => {
  test('is refused to a second one, who is told who holds it, and is free once it is released', async () => {
    const first = await lockDirectory(folder.path, 'the first one');
    await expect(lockDirectory(folder.path, 'the second one')).rejects.toThrow(
      `DATA_DIR ${folder.path} is in use by the first one. Stop that one, or set DATA_DIR to another folder.`,
    );
    await first.release();
    const second = await lockDirectory(folder.path, 'the second one');
    await Promise.all([second.release(), second.release()]);
    expect(readdirSync(join(folder.path, 'lock'))).toEqual([]);
  });

  test('is free at once when its holder is killed', async () => {
    await leaveDeadSockets(1);
    const lock = await lockDirectory(folder.path, 'the next one');
    expect(readdirSync(join(folder.path, 'lock'))).toHaveLength(1);
    await lock.release();
  });

  test('goes to exactly one of many who come at the same moment, over the remains of killed ones', async () => {
    for (let round = 0; round < 30; round += 1) {
      const tries = Array.from({ length: 6 }, (_, index) => lockDirectory(folder.path, `contender ${index}`));
      const outcomes = await Promise.allSettled(tries);
      const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason.message).toContain(`by contender ${winners[0]}.`);
        else await outcome.value.release();
      }
    }
  });

  test('goes to exactly one of several processes that come at the same moment', async () => {
    await leaveDeadSockets(2);
    const contenders = Array.from({ length: 5 }, contender);
    const answers = await Promise.all(contenders.map(({ lock }) => lock()));
    const winner = contenders[answers.indexOf('held')]?.child.pid;
    expect(answers.toSorted().at(-1)).toBe('held');
    for (const answer of answers.filter((one) => one !== 'held')) expect(answer).toContain(`by process ${winner}.`);
    expect(answers.filter((one) => one === 'held')).toHaveLength(1);
  });

  test('stays with a holder that is frozen', async () => {
    const { child, lock } = contender();
    expect(await lock()).toBe('held');
    child.kill('SIGSTOP');
    await expect(lockDirectory(folder.path, 'impatient')).rejects.toThrow('in use by a process that does not answer');
    expect(readdirSync(join(folder.path, 'lock'))).toHaveLength(1);
  });

  test('of a folder whose path is too long for a socket is an error that says by how much', async () => {
    const deep = join(folder.path, 'd'.repeat(90));
    mkdirSync(deep);
    const [whole, fromHere] = [join(deep, 'lock'), relative(process.cwd(), join(deep, 'lock'))];
    const shorter = fromHere.length < whole.length ? fromHere : whole;
    const excess = Buffer.byteLength(join(shorter, '01234567.new')) - 103;
    const attempt: Promise<DirectoryLock> = lockDirectory(deep, 'somebody');
    await expect(attempt).rejects.toThrow(`DATA_DIR is ${excess} bytes too long`);
  });
});
