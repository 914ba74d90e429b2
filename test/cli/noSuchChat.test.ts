/** The terminal where the gateway answers no chat: it says that there is none only if nothing went wrong. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Ask } from '../../cli/debug/ask.ts';
import { takeBundle } from '../../cli/debug/bundle.ts';
import { askOffers } from '../../cli/debug/fix.ts';
import { askSnapshot } from '../../cli/debug/snapshot.ts';
import { askWhy, askWhyEverywhere } from '../../cli/debug/why.ts';
import { systemClock } from '../../common/clock.ts';
import { serversPerTest } from '../gateway/httpServers.ts';
import { askStub } from './support/stubGateway.ts';

const servers = serversPerTest();
const data = { chatDebugSnapshot: null };
const error = {
  ...{ message: 'The database did not answer in time.', path: ['chatDebugSnapshot'] },
  extensions: { code: 'DATABASE_UNAVAILABLE' },
};

/** Gateway that gives one answer to whatever it is asked. */
const always = (answer: unknown) => askStub(servers, new Proxy({}, { get: () => answer }));

const COMMANDS: Readonly<Record<string, (ask: Ask, chatId: string) => Promise<unknown>>> = {
  why: askWhy,
  'why --everywhere': askWhyEverywhere,
  snapshot: askSnapshot,
  fix: askOffers,
  bundle: (ask, chatId) => takeBundle({ ask, now: systemClock.now, takenBy: null }, chatId),
};

describe.each(Object.entries(COMMANDS))('%s', (_, command) => {
  test('says what went wrong, and not that there is no such chat', async () => {
    await expect(command(await always({ data, errors: [error] }), randomUUID())).rejects.toThrow(
      'The database did not answer in time. (DATABASE_UNAVAILABLE)',
    );
  });

  test('says that there is no such chat where the database says so', async () => {
    await expect(command(await always({ data }), randomUUID())).rejects.toThrow('There is no chat ');
  });
});
