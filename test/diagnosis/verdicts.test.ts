/** Random faults over a fleet: each is found, and nothing else. With 300 chats: `npm run bench:verdicts`. */
import { expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { databasePerFile } from '../support/database.ts';
import { isRight, runVerdicts } from './fleet/verdictRun.ts';

const CHATS = 40;
const database = databasePerFile();

test('what is found of forty chats is what was done to them and their replicas', async () => {
  const seed = Math.floor(systemClock.random() * 2 ** 31);
  const { judged, log } = await runVerdicts({ databaseUrl: database.url, chats: CHATS, seed });
  const wrong = judged.filter((one) => !isRight(one));
  expect({ seed, log: wrong.length > 0 && log, wrong }).toEqual({ seed, log: false, wrong: [] });
  expect(judged).toHaveLength(CHATS);
}, 240_000);
