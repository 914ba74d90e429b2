/** Findings on turns that go wrong, though every process is well. */
import { expect, test } from '@jest/globals';
import { BUFFER_CAPACITY_BYTES } from '../../subgraphs/runtime/chatd/messageBuffer.ts';
import { diagnosedSystemPerFile, messageOf } from './support/system.ts';

const NO_PROGRESS_SECONDS = 8;
const system = diagnosedSystemPerFile({
  // Chats are there before a replica is: that they were not picked up for a while is not to be found.
  ...{ staleAfterSeconds: 30, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 20 },
  noProgressSeconds: NO_PROGRESS_SECONDS,
});
const { create, finds } = system;

test('a model that fails again and again, one that falls silent, one that says too much, and a tool that does not answer', async () => {
  const [failing, silent, wordy, waiting] = await Promise.all([
    create('/fail'),
    create('/stall'),
    create(`/stall ${'x'.repeat(BUFFER_CAPACITY_BYTES)}`),
    create('/tool ask'),
  ]);
  await system.startReplica();
  await Promise.all([
    finds(wordy, 'BUFFER_FULL', 'WARNING', { within: 0, shown: true }),
    finds(silent, 'NO_PROGRESS', 'CRITICAL', { within: NO_PROGRESS_SECONDS }),
    finds(waiting, 'ACTION_PENDING', 'INFO', { within: 0 }),
    finds(failing, 'RETRY_BACKOFF', 'INFO', { within: 0 }),
    finds(failing, 'RETRY_BACKOFF', 'WARNING', { within: 1.2 * (1 + 2 + 4 + 8) }),
  ]);
});

test('a turn that failed, and messages that wait behind such a one', async () => {
  const [alone, followed] = await Promise.all([create('/fail'), create('/fail')]);
  await system.apply(followed, { name: 'send', message: messageOf('and then?') });
  await system.startReplica({ maxAttempts: 2 });
  const diagnoses = await Promise.all([
    finds(alone, 'ERRORED', 'WARNING', { within: 1.2 }),
    finds(followed, 'QUEUE_BLOCKED', 'CRITICAL', { within: 1.2 }),
  ]);
  expect(diagnoses.map(({ verdict }) => verdict)).toEqual(['FAILED', 'FAILED']);
});
