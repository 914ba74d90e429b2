/**
 * Recorders that are killed, frozen and doubled while chats fall ill and get well: each trouble is noted and told once.
 * `TAKEOVER_CHATS` says how many chats.
 */
import { expect, jest, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { randomFrom } from '../../faults/random.ts';
import { serversPerTest } from '../../gateway/httpServers.ts';
import { readMetrics } from '../../support/metrics.ts';
import { TAKEOVER_CHATS } from '../../support/scale.ts';
import type { ServerProcess } from '../../support/serverProcess.ts';
import { until } from '../../support/until.ts';
import { insertChat } from '../database/support/rows.ts';
import { type Mood, startAlertReceiver } from './support/alertReceiver.ts';
import { recorderSystemPerFile } from './support/recorderSystem.ts';

jest.setTimeout(540_000);

const { database, startSystem } = recorderSystemPerFile();
const servers = serversPerTest();

const CHATS = TAKEOVER_CHATS;
/** Seconds over which the troubles begin. */
const SPREAD_SECONDS = CHATS / 2;
/** Seconds for which a recorder is frozen: longer than its lease. */
const FROZEN_SECONDS = 18;
const LIMIT_MS = 400_000;
const MOODS: readonly [Mood, ...Mood[]] = ['takes', 'refuses', 'drops', 'unanswered', 'late'];

test('each trouble is one incident, opened and closed once, and told once when it begins and once when it ends', async () => {
  const random = randomFrom(20_261_201);
  const moods = Array.from({ length: 4 * CHATS }, () => random.pick(MOODS));
  const receiver = await startAlertReceiver(servers, (_told, tries, place) =>
    tries === 0 ? (moods[place] ?? 'takes') : 'takes',
  );
  const { startRecorder } = await startSystem();
  const settings = {
    ...{ RECORDER_INTERVAL_SECONDS: '1', LOG_LEVEL: 'info' },
    ...{ ALERT_WEBHOOK_URL: receiver.webhook.url, ALERT_WEBHOOK_SECRET: receiver.webhook.secret },
  };
  const recorders = new Set<ServerProcess>([await startRecorder(settings), await startRecorder(settings)]);
  const faults = makeFaults();
  await Promise.all(Array.from({ length: CHATS }, oneTrouble));
  await faults;
  await until('nothing is left to tell', nothingLeft, LIMIT_MS);

  const { rows } = await database.pool.query(
    `SELECT chat_id, count(*)::int AS incidents, min(close_reason) AS reason FROM chat_debug_recorder.incidents GROUP BY chat_id`,
  );
  expect(rows.filter(({ incidents, reason }) => incidents !== 1 || reason !== 'WELL')).toEqual([]);
  expect(rows).toHaveLength(CHATS);
  const told = rows.map(({ chat_id }) => receiver.of(chat_id).join());
  expect(told.filter((statuses) => statuses !== 'FIRING,RESOLVED')).toEqual([]);
  expect(receiver.taken).toHaveLength(2 * CHATS);

  /** Makes a chat ill, and well again once its incident is open. */
  async function oneTrouble(): Promise<void> {
    await systemClock.sleep(random.between(0, SPREAD_SECONDS * 1_000));
    const id = await insertChat(database.pool, { status: 'paused' });
    await until(`the incident of ${id} is open`, () => isThere(id, 'closed_at IS NULL'), LIMIT_MS);
    await systemClock.sleep(random.between(0, 3_000));
    await database.pool.query(`UPDATE chats SET status = 'waiting' WHERE id = $1`, [id]);
    await until(`the incident of ${id} is closed`, () => isThere(id, 'closed_at IS NOT NULL'), LIMIT_MS);
  }

  /** Kills, freezes and doubles the active recorder by turns, as long as troubles begin, and each at least once. */
  async function makeFaults(): Promise<void> {
    const kinds = ['killed', 'frozen', 'doubled'] as const;
    const thawing: Promise<void>[] = [];
    const endMs = systemClock.monotonicMs() + SPREAD_SECONDS * 1_000;
    for (let made = 0; made < kinds.length || systemClock.monotonicMs() < endMs; ) {
      await systemClock.sleep(random.between(2_000, 6_000));
      const active = await activeOne();
      if (!active) continue;
      const kind = kinds[made % kinds.length] ?? 'killed';
      made += 1;
      if (kind === 'frozen') thawing.push(freeze(active));
      if (kind === 'killed') {
        active.kill('SIGKILL');
        recorders.delete(active);
        await active.ended;
      }
      if (kind === 'doubled' || recorders.size < 2) recorders.add(await startRecorder(settings));
    }
    await Promise.all(thawing);
  }

  async function freeze(recorder: ServerProcess): Promise<void> {
    recorder.kill('SIGSTOP');
    await systemClock.sleep(FROZEN_SECONDS * 1_000);
    recorder.kill('SIGCONT');
  }

  /** Asks all at once, since a frozen one never answers. */
  async function activeOne(): Promise<ServerProcess | undefined> {
    const asked = [...recorders].map(async (recorder) => {
      const answer = await Promise.race([readMetrics(recorder).catch(() => undefined), systemClock.sleep(1_000)]);
      return answer?.get('chat_debug_recorder_active') === 1 ? recorder : undefined;
    });
    return (await Promise.all(asked)).find((recorder) => recorder !== undefined);
  }
});

const isThere = async (chat: string, condition: string): Promise<boolean> => {
  await systemClock.sleep(200); // all chats look at once
  const { rowCount } = await database.pool.query(
    `SELECT FROM chat_debug_recorder.incidents WHERE chat_id = $1 AND ${condition}`,
    [chat],
  );
  return rowCount !== 0;
};

const nothingLeft = async (): Promise<boolean> =>
  (await database.pool.query('SELECT FROM chat_debug_recorder.deliveries')).rowCount === 0;
