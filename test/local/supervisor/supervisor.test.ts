import { fork } from 'node:child_process';
import { EventEmitter, on, once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import type { ProcessSpec, Ready } from '../../../local/supervisor/childProcess.ts';
import { restartPauseMs } from '../../../local/supervisor/supervisedProcess.ts';
import { Supervisor } from '../../../local/supervisor/supervisor.ts';
import type { Behaviour } from '../children/server.ts';
import { folderPerTest } from '../temporaryFolder.ts';

const CHILDREN = new URL('../../../dist/test/local/children/', import.meta.url);

const running: Supervisor[] = [];
const folder = folderPerTest(() => Promise.all(running.splice(0).map((supervisor) => supervisor.stop())));

const diary = () => join(folder.path, 'diary');
const entries = () => (existsSync(diary()) ? readFileSync(diary(), 'utf8').trim().split('\n') : []);

function child(name: string, behaviour: Partial<Behaviour> = {}): ProcessSpec {
  const message: Behaviour = { name, diary: diary(), ...behaviour };
  return { name, script: new URL('server.js', CHILDREN), environment: {}, message };
}

/** A supervisor whose lines can be awaited, and what it said was ready. */
function supervise() {
  const lines: string[] = [];
  const said = new EventEmitter();
  const ready: Record<string, Ready> = {};
  const supervisor = new Supervisor(systemClock, (line) => {
    lines.push(line);
    said.emit('line', line);
  });
  running.push(supervisor);
  return {
    supervisor,
    lines,
    ready,
    start: (...specs: ProcessSpec[]) =>
      supervisor.start(specs, (name, one) => {
        ready[name] = one;
      }),
    pid: (name: string) => ready[name]?.pid ?? 0,
    /** The next line that has this in it; call it before what makes it come. */
    next: async (part: string) => {
      for await (const [line] of on(said, 'line')) if (line.includes(part)) return line as string;
      return '';
    },
  };
}

async function connectTo({ url }: { url: string }): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {}); // the other side was killed
  await once(socket, 'connect');
  return socket;
}

/** Asks for the process, not for its port: another process may listen there by now. */
function isGone({ pid }: Ready): boolean {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
}

describe('a supervisor', () => {
  test('starts stage after stage, and stops them in the opposite order', async () => {
    const { supervisor, start } = supervise();
    await start(child('postgres'));
    await start(child('left'), child('right'));
    await supervisor.stop();
    const seen = entries();
    expect(seen).toHaveLength(6);
    expect(seen[0]).toBe('postgres started');
    expect(seen.slice(3, 5).toSorted()).toEqual(['left stopped', 'right stopped']);
    expect(seen[5]).toBe('postgres stopped');
  });

  test('starts at once what needs nothing, the others of its stage once what they need is there, and stops them together', async () => {
    const { supervisor, ready, start } = supervise();
    await start(child('postgres'));
    const migrated = new EventEmitter();
    const whole = supervisor.start(
      [{ ...child('left'), startsAtOnce: true }, child('right')],
      (name, one) => {
        ready[name] = one;
        if (name === 'left') migrated.emit('now');
      },
      once(migrated, 'now'),
    );
    await whole;
    expect(entries()).toEqual(['postgres started', 'left started', 'right started']);
    await supervisor.stop();
    expect(entries().slice(3, 5).toSorted()).toEqual(['left stopped', 'right stopped']);
  });

  test('starts no more of a stage when what it needs fails, and says why', async () => {
    const { supervisor } = supervise();
    const failing = Promise.reject(new Error('no database'));
    await expect(supervisor.start([child('left')], () => {}, failing)).rejects.toThrow('no database');
    expect(entries()).toEqual([]);
  });

  test('hands on what its processes write, line by line, under their names, to the last unfinished one', async () => {
    const { lines, start } = supervise();
    await expect(start(child('left', { says: 'one\ntwo', failsWith: 3 }))).rejects.toThrow();
    expect(lines).toEqual(['[left] one', '[left] two']);
  });

  test('reports a crash by name and signal, and starts the process again while the others go on', async () => {
    const { start, next, ready, pid } = supervise();
    await start(child('left'), child('right'));
    const socket = await connectTo(ready.right as Ready);
    const [reported, back] = [next('left ended'), next('left runs again')];
    process.kill(pid('left'), 'SIGKILL');
    expect(await reported).toBe('left ended with signal SIGKILL. It is started again in 0.25 s.');
    const [url = ''] = /tcp:[^,]+/.exec(await back) ?? [];
    (await connectTo({ url })).destroy();
    expect(socket.closed).toBe(false);
    socket.destroy();
    expect(entries().toSorted()).toEqual(['left started', 'left started', 'right started']);
  });

  test('pauses longer after each failure in a row, but never longer than 8 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 50].map(restartPauseMs)).toEqual([250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
  });

  test('told to stop while a process is about to be started again, starts it no more', async () => {
    const { supervisor, start, next, lines, pid } = supervise();
    await start(child('left'));
    const reported = next('left ended');
    process.kill(pid('left'), 'SIGKILL');
    await reported;
    await supervisor.stop();
    await systemClock.sleep(restartPauseMs(1) + 50); // the moment at which it would be started
    expect(entries()).toEqual(['left started']);
    expect(lines.filter((line) => line.includes('runs again'))).toEqual([]);
  });

  test('says which process could not start and how it ended, and leaves none of the others', async () => {
    const { supervisor, start, ready } = supervise();
    await start(child('postgres'));
    await expect(start(child('left'), child('right', { failsWith: 3 }))).rejects.toThrow(
      'right could not start: it ended with exit code 3.',
    );
    await supervisor.stop();
    expect(entries().at(-1)).toBe('postgres stopped');
    for (const one of Object.values(ready)) expect(isGone(one)).toBe(true);
  });

  test('told to stop during a start, ends that start and what it had begun', async () => {
    const { supervisor, start, ready } = supervise();
    await start(child('postgres'));
    const second = start(child('left'));
    await Promise.all([expect(second).rejects.toThrow('left could not start'), supervisor.stop()]);
    await expect(start(child('right'))).rejects.toThrow('cut short');
    expect(entries()).toEqual(['postgres started', 'postgres stopped']);
    expect(isGone(ready.postgres as Ready)).toBe(true);
  });

  test('kills a process that does not stop within 3 s, says so, and goes on to the next stage', async () => {
    const { supervisor, start, lines, ready } = supervise();
    await start(child('postgres'));
    await start(child('stubborn', { ignoresSigterm: true }));
    const begunMs = systemClock.monotonicMs();
    await supervisor.stop();
    expect(systemClock.monotonicMs() - begunMs).toBeLessThan(4_500);
    expect(lines).toEqual(['stubborn did not stop within 3 s and was killed.']);
    expect(entries().at(-1)).toBe('postgres stopped');
    expect(isGone(ready.stubborn as Ready)).toBe(true);
  });

  test('a process that is frozen is killed too, and stopping twice is stopping once', async () => {
    const { supervisor, start, pid, ready } = supervise();
    await start(child('frozen'));
    process.kill(pid('frozen'), 'SIGSTOP');
    await Promise.all([supervisor.stop(), supervisor.stop()]);
    expect(isGone(ready.frozen as Ready)).toBe(true);
  });

  test('killed with SIGKILL, takes its processes with it', async () => {
    const parent = fork(new URL('parent.js', CHILDREN), { execArgv: [] });
    const messages = on(parent, 'message');
    parent.send([child('left').message, child('right').message]);
    const sockets = [];
    for (const _ of [1, 2]) sockets.push(await connectTo((await messages.next()).value[0]));
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) socket.resume();
    parent.kill('SIGKILL');
    await Promise.all(closed);
    expect(entries().slice(2).toSorted()).toEqual(['left stopped', 'right stopped']);
  });
});
