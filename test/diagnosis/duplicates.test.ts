/** Two runners of one replica on one chat. */
import { test } from '@jest/globals';
import { WRITING } from '../support/examples.ts';
import { expectWell } from './support/diagnosed.ts';
import { diagnosedSystemPerFile } from './support/system.ts';
import { chatWithTwoRunners, LOOKS_EVERY_SECONDS } from './support/twoRunners.ts';

const system = diagnosedSystemPerFile({
  ...{ staleAfterSeconds: 180, heartbeatIntervalSeconds: 60, acquisitionIntervalSeconds: LOOKS_EVERY_SECONDS },
  noProgressSeconds: 120,
});
/** A new runner counts once it is older. */
const SETTLED_SECONDS = 2;

test('a chat that was released and taken again by a replica that did not hear of either', async () => {
  const chat = await chatWithTwoRunners(system);
  // They last no longer than a terminal may need to start on a loaded machine.
  await system.finds(chat, 'DUPLICATE_RUNNERS', 'CRITICAL', {
    within: LOOKS_EVERY_SECONDS / 2 + SETTLED_SECONDS,
    shown: WRITING,
  });
  await expectWell(system.gateway(), chat);
}, 120_000);
