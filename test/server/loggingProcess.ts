/** Logs so many lines, then does what it is told. */
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { argv } from 'node:process';
import pg from 'pg';
import { stopOnSignal } from '../../server/lifecycle.ts';
import { makeLogger } from '../../server/log.ts';

const [lines = '0', then = '', file = ''] = argv.slice(2);
const log = makeLogger('logging', 'info');
for (let i = 0; i < Number(lines); i += 1) log.info({ i, filler: 'x'.repeat(i % 300) }, 'a line');

const endings: Readonly<Record<string, () => void>> = {
  end: () => {},
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('nobody catches this');
  },
  reject: () => void Promise.reject(new Error('nobody catches this')),
  'warn, then die': () => {
    log.warn('a warning');
    log.info('too late');
    process.kill(process.pid, 'SIGKILL');
  },
  'get room': () => {
    closeSync(2);
    openSync(file, 'a'); // takes the lowest number that is free
    log.warn('there is room');
  },
  'tell of errors': () => {
    const long = Object.assign(new Error('m'.repeat(100_000)), { code: '22P02', meta: { value: 'a secret' } });
    const several = new AggregateError([new Error('one'), new Error('two')]);
    const odd = [null, Object.create(null), { message: 7 }, undefined];
    const refused = Object.assign(new pg.DatabaseError('a secret', 8, 'error'), { code: 'P0001', severity: 'ERROR' });
    for (const err of [refused, long, { message: 'no error', path: ['x'] }, 'a text', several, ...odd])
      log.error({ err }, 'an error');
  },
  wait: () => {
    const stop = async () => {
      log.info('stopped');
    };
    stopOnSignal({ stop }, log);
    createServer().listen(0, '127.0.0.1', () => process.stdout.write('waiting\n')); // and keeps it running
  },
};
endings[then]?.();
