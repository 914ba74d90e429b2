/** An owner that dies after its chat stalled: what it held in memory is in the incident, and says the same offline. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { NOWHERE } from '../../cli/support/debugSystem.ts';
import { askGateway, callerToken, INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { deadUrl } from '../../gateway/httpServers.ts';
import { runScript } from '../../support/command.ts';
import { readMetrics } from '../../support/metrics.ts';
import { until } from '../../support/until.ts';
import { recorderSystemPerFile } from './support/recorderSystem.ts';

jest.setTimeout(300_000);

const { database, startSystem } = recorderSystemPerFile();
const folder = mkdtempSync(join(tmpdir(), 'death-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As the settings have it. */
const INTERVAL_SECONDS = 10;
const OPENS_WITHIN_SECONDS = INTERVAL_SECONDS + 2;
const TAKEOVER_SECONDS = 20;
/** A stalled turn is one after so many seconds. */
const SETTINGS = { NO_PROGRESS_SECONDS: '3', LOG_LEVEL: 'info' };

const INCIDENTS = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { diagnosis { verdict }
  incidents { id openedAt code verdict summary bundles { why bundle } } } }`;
interface Shown {
  readonly chatDebugSnapshot: {
    readonly diagnosis: { readonly verdict: string };
    readonly incidents: readonly {
      readonly id: string;
      readonly openedAt: string;
      readonly code: string;
      readonly bundles: readonly { readonly why: string; readonly bundle: unknown }[];
    }[];
  };
}

/** A chat whose model falls silent, as soon as the diagnosis says so. @returns its id, and when that was */
async function stalledChat(gateway: { url: string }): Promise<{ id: string; stuckAt: Date }> {
  const settings = { DATABASE_URL: database.url, INTERNAL_SECRET, DATA_DIR: NOWHERE, DATABASE_TIMEOUT_MS: '20000' };
  const created = await runScript('dist/cli/chat.js', ['create', '/stall', '--owner', randomUUID()], settings);
  const id = created.stdout.trim();
  await until('the chat is stuck', async () => (await look(gateway, id)).diagnosis.verdict === 'STUCK');
  return { id, stuckAt: systemClock.now() };
}

async function look(gateway: { url: string }, id: string) {
  const { body } = await askGateway<Shown>(gateway, INCIDENTS, { variables: { id } });
  if (!body.data) throw new Error(JSON.stringify(body.errors));
  return body.data.chatDebugSnapshot;
}

const openedOf = (gateway: { url: string }, id: string) =>
  until('the incident is open', async () => (await look(gateway, id)).incidents?.[0]);

test('its runner, task, buffer and last sign of life are in the bundle after it was killed', async () => {
  const { gateway, startOwnRecorder, startReplica } = await startSystem(SETTINGS);
  const recorder = await startOwnRecorder();
  const replica = await startReplica();
  await until(
    'the recorder is active',
    async () => (await readMetrics(recorder)).get('chat_debug_recorder_active') === 1,
  );
  const { id, stuckAt } = await stalledChat(gateway);
  const { openedAt } = await openedOf(gateway, id);
  expect((Date.parse(openedAt) - stuckAt.getTime()) / 1_000).toBeLessThanOrEqual(OPENS_WITHIN_SECONDS);

  replica.kill('SIGKILL');
  await replica.ended;
  const { incidents } = await look(gateway, id);
  const [incident] = incidents;
  const [opened] = incident?.bundles ?? [];
  expect(incident).toMatchObject({ code: 'NO_PROGRESS' });
  expect(opened).toMatchObject({
    why: 'OPENED',
    bundle: {
      snapshot: {
        chatId: id,
        runtime: {
          reachability: { status: 'OK' },
          runners: [
            {
              ...{ chatId: id, runnerId: expect.any(String), phase: 'RUNNING' },
              activeTask: {
                ...{ kind: 'GENERATION', lastProgressAt: expect.any(String) },
                secondsSinceProgress: expect.any(Number),
              },
            },
          ],
          messageBuffers: [{ isClosed: false, partsBuffered: expect.any(Number) }],
        },
      },
      diagnosisEverywhere: { verdict: 'STUCK' },
    },
  });

  const file = join(folder, 'opened.json');
  const token = await callerToken();
  const online = { CHAT_DEBUG_URL: gateway.url, CHAT_DEBUG_TOKEN: token, DATA_DIR: NOWHERE };
  const written = await runScript('dist/cli/chatDebug.js', ['incident', incident?.id ?? '', '-o', file], online);
  expect(written).toMatchObject({ code: 1, stderr: '' });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(opened?.bundle);
  const offline = { CHAT_DEBUG_URL: await deadUrl(), DATA_DIR: NOWHERE };
  for (const everywhere of [[], ['--everywhere']]) {
    const judged = await runScript('dist/cli/chatDebug.js', ['why', '--from', file, ...everywhere], offline);
    expect(judged).toMatchObject({ code: 1, stdout: expect.stringMatching(new RegExp(`^STUCK +chat ${id}`)) });
    expect(judged.stdout).toContain('NO_PROGRESS');
  }
});

test('a chat that stalls while the active recorder is killed is noted by the other one in time', async () => {
  const { gateway, startRecorder, startOwnRecorder, startReplica } = await startSystem(SETTINGS);
  const first = await startRecorder();
  await until('the first is active', async () => (await readMetrics(first)).get('chat_debug_recorder_active') === 1);
  const second = await startOwnRecorder();
  await startReplica();
  first.kill('SIGKILL');
  const killedAt = systemClock.now();
  const { id } = await stalledChat(gateway);
  await until('the second is active', async () => (await readMetrics(second)).get('chat_debug_recorder_active') === 1);
  expect((systemClock.now().getTime() - killedAt.getTime()) / 1_000).toBeLessThanOrEqual(TAKEOVER_SECONDS + 2);
  const { openedAt } = await openedOf(gateway, id);
  expect((Date.parse(openedAt) - killedAt.getTime()) / 1_000).toBeLessThanOrEqual(
    TAKEOVER_SECONDS + OPENS_WITHIN_SECONDS,
  );
});
