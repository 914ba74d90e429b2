/**
 * Findings on defects of the worker. This project's worker has none of them, so `support/defects.ts` builds one into a
 * replica process. What it shows of its memory is real.
 */
import { test } from '@jest/globals';
import { INTERNAL_SECRET } from '../support/replica.ts';
import { whileNoTurnMayEnd } from './support/refusing.ts';
import { replicaProcessesPerTest } from './support/replicaProcess.ts';
import { diagnosedSystemPerFile, messageOf } from './support/system.ts';

const settings = {
  ...{ staleAfterSeconds: 60, heartbeatIntervalSeconds: 0.5, acquisitionIntervalSeconds: 0.3 },
  noProgressSeconds: 60,
};
const system = diagnosedSystemPerFile(settings);
const startProcess = replicaProcessesPerTest();
const { create, finds } = system;

test('a runner that does not begin a broken task again, and a buffer that nobody closes', async () => {
  const environment = {
    ...{ DATABASE_URL: system.database.url, INTERNAL_SECRET, MODEL: 'built-in', LOG_LEVEL: 'silent' },
    HEARTBEAT_INTERVAL_SECONDS: `${settings.heartbeatIntervalSeconds}`,
    HEARTBEAT_STALE_SECONDS: `${settings.staleAfterSeconds}`,
    ACQUISITION_INTERVAL_SECONDS: `${settings.acquisitionIntervalSeconds}`,
  };
  const { id: workerId } = await startProcess(environment, new URL('support/defects.ts', import.meta.url));

  const leaky = await create('hello');
  await system.until(leaky, ({ status }) => status === 'waiting');
  await system.apply(leaky, { name: 'send', message: messageOf('/slow 60') });
  await finds(leaky, 'BUFFER_ORPHANED', 'WARNING', { within: 0, shown: true });

  await whileNoTurnMayEnd(system.database.pool, async () => {
    const broken = await create('hello');
    await system.until(broken, (chat) => chat.workerId === workerId && chat.generationAttempt === 1);
    const within = 1 + 1 + 2 * settings.heartbeatIntervalSeconds;
    await finds(broken, 'RUNNER_IDLE', 'CRITICAL', { within, shown: true });
  });
});
