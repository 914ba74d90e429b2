import { describe, expect, test } from '@jest/globals';
import { changesBetween } from '../../../domain/bundle/changes.ts';
import { bundleOf, type Fields, healthy } from './support/bundles.ts';

const at = (takenAt: string, changes: { database?: Fields; runtime?: Fields | null; chatId?: string } = {}) => {
  const { database, runtime, ...rest } = healthy();
  return bundleOf({
    ...{ ...rest, takenAt, ...(changes.chatId && { chatId: changes.chatId }) },
    database: { ...database, ...changes.database },
    runtime: changes.runtime === null ? null : { ...runtime, ...changes.runtime },
  });
};
const FIRST = '2026-07-01T03:12:00Z';
const LATER = '2026-07-01T03:14:30Z';
const shown = ({ changed }: ReturnType<typeof changesBetween>) =>
  Object.fromEntries(changed.map(({ what, before, after }) => [what, `${before} → ${after}`]));

describe('the changes between two bundles', () => {
  test('are none where nothing moved, and what stayed is named', () => {
    const changes = changesBetween(at(FIRST), at(LATER));
    expect(changes).toMatchObject({
      secondsLater: 150,
      cautions: [],
      happened: [],
      changed: [],
      came: [],
      went: [],
      weighed: [],
    });
    expect(changes.unchanged).toEqual(
      expect.arrayContaining(['verdict', 'status', 'owner', 'runner', 'phase', 'version']),
    );
  });

  test('are owner, versions, counts and lease, with a finding that came', () => {
    const changes = changesBetween(
      at(FIRST),
      at(LATER, {
        database: {
          ...{ workerId: null, runnerId: null, snapshotVersion: 9, queueDepth: 2, generationAttempt: 3 },
          ...{ heartbeatState: null, heartbeat: null, heartbeats: [] },
        },
        runtime: null,
      }),
    );
    expect(shown(changes)).toMatchObject({
      owner: 'replica 00000000-0000-4000-8000-000000000001 → none',
      lease: 'fresh → none',
      'lease age': '3 s ago → –',
      version: '7 → 9',
      calls: '1 → 3',
      queued: '0 → 2',
      task: 'generation, call 1 → –',
    });
    expect(changes.came.map(({ code }) => code)).toContain('NO_OWNER');
  });

  test('are findings that went, and those that weigh more or less', () => {
    const ahead = (retrySecondsLeft: number, attempt: number) => ({
      database: { retryState: { attempt, kind: 'overloaded', error: 'canary' }, retrySecondsLeft },
    });
    const [waits, waitsLong, works] = [at(FIRST, ahead(30, 1)), at(LATER, ahead(30, 6)), at(LATER)];
    expect(changesBetween(waits, works).went.map(({ code }) => code)).toEqual(['RETRY_BACKOFF']);
    expect(changesBetween(waits, waitsLong)).toMatchObject({
      weighed: [{ before: { severity: 'INFO' }, after: { code: 'RETRY_BACKOFF', severity: 'WARNING' } }],
    });
  });

  test('are events, oldest first, where the history tells them', () => {
    const event = (snapshotVersion: number, transitions: string[], by: string) => ({
      node: {
        at: `2026-07-01T03:1${snapshotVersion - 7}:00Z`,
        snapshotVersion,
        transitions,
        by,
        fromState: 'R0',
        toState: 'R1',
      },
    });
    const edges = [event(9, [], 'UNKNOWN'), event(8, ['send', 'interrupt'], 'PERSON'), event(7, ['acquire'], 'WORKER')];
    const { happened } = changesBetween(at(FIRST), bundleOf({ ...healthy(), takenAt: LATER, history: { edges } }));
    expect(happened).toEqual([
      { at: '2026-07-01T03:11:00Z', what: 'send, interrupt by person, R0 → R1' },
      { at: '2026-07-01T03:12:00Z', what: 'a change, R0 → R1' },
    ]);
  });

  test('come with a caution for two chats, a wrong order, and other thresholds', () => {
    expect(changesBetween(at(FIRST), at(LATER, { chatId: 'another' })).cautions).toEqual([
      'These are two chats: what differs has not changed.',
    ]);
    expect(changesBetween(at(LATER), at(FIRST)).cautions).toEqual(['The second is older than the first.']);
    const strict = { ...at(LATER), thresholds: { ...at(LATER).thresholds, noProgressSeconds: 1 } } as never;
    expect(changesBetween(at(FIRST), strict).cautions).toEqual(['The thresholds differ.']);
    const hidden = { ...at(LATER, { chatId: 'pseudonym' }), anonymous: true };
    expect(changesBetween(at(FIRST), hidden).cautions[0]).toMatch(/^The ids of the two do not match/);
  });
});
