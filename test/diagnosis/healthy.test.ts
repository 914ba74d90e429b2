/** Check that a healthy chat is never called otherwise. Two thousand of them: `npm run bench:verdicts -- --healthy`. */
import { expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { databasePerFile } from '../support/database.ts';
import { runHealthy } from './fleet/healthyRun.ts';

const CHATS = 100;
const database = databasePerFile();

test('of a hundred healthy chats, asked about at moments of chance, none is found to have anything', async () => {
  const seed = Math.floor(systemClock.random() * 2 ** 31);
  const { falseAlarms, samples, verdicts } = await runHealthy({ databaseUrl: database.url, chats: CHATS, seed });
  expect({ seed, falseAlarms }).toEqual({ seed, falseAlarms: [] });
  expect(samples).toBeGreaterThan(CHATS);
  expect([...verdicts.keys()]).toEqual(expect.arrayContaining(['IDLE', 'WORKING', 'WAITING']));
}, 240_000);
