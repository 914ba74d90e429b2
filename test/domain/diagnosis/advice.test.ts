/** Check that the advice after a failure can help. */
import { describe, expect, test } from '@jest/globals';
import { diagnosisOf } from '../../subgraphs/diagnosis/snapshots.ts';

const failedWith = (kind: string | null, retryable: boolean | null, more = {}, state: 'E0' | 'E1' = 'E0') => {
  const lastError = { kind, message: 'no', status_code: null, retryable };
  const { findings, summary } = diagnosisOf({ state, owner: 'unowned', database: { lastError, ...more } });
  return { suggestion: findings[0]?.suggestion ?? '', message: findings[0]?.message, summary };
};

describe('after a failure', () => {
  test.each([
    ['context_length', false, /edit an earlier message.*chat -- show/i],
    ['content_filter', false, /edit the message.*chat -- show/i],
    [
      'history',
      false,
      /edit the person’s message that cannot be read, or one before it: .* queued messages too.*chat -- show/i,
    ],
    ['auth', false, /mend the model’s key.*, and then retry.*--action retry/i],
    ['quota', false, /raise the quota.*--action retry/i],
    ['rate_limit', true, /wait until.*--action retry/i],
    ['overloaded', true, /retry the turn once the model is less busy.*--action retry/i],
    ['step_limit', false, /went round.*chat -- show/i],
    ['internal', false, /retry the turn, and report.*--action retry/i],
    ['bad_request', false, /change what was refused.*chat -- show/i],
    ['constructor', false, /change what was refused.*chat -- show/i],
    ['network', true, /^Retry the turn\. `npm run chat-debug -- fix [^ ]+ --action retry`/],
    [null, null, /^Retry the turn\. /],
  ])('%s, retryable %j', (kind, retryable, advice) => {
    expect(failedWith(kind, retryable).suggestion).toMatch(advice);
    const blocked = failedWith(kind, retryable, {}, 'E1').suggestion;
    if (retryable === false) expect(blocked).toMatch(advice);
    else expect(blocked).toContain('which clears the error, or delete what is queued');
  });

  test.each(['context_length', 'content_filter', 'bad_request'])(
    'an edit is not told without what it takes: %s',
    (kind) => {
      const deletes = /deletes (what comes after it and )?what is queued/;
      expect(failedWith(kind, false, { queueDepth: 2 }, 'E1').suggestion).toMatch(deletes);
      expect(failedWith(kind, false, { queueDepth: 2 }, 'E1').summary).toMatch(deletes);
      expect(failedWith(kind, false, { queueDepth: 0 }).suggestion).not.toMatch(deletes);
    },
  );

  test('an edit of an earlier message is told with what comes after it', () => {
    expect(failedWith('context_length', false).suggestion).toMatch(/deletes what comes after it/);
  });

  test('what an edit takes where another platform makes it is not known', () => {
    const lastError = { kind: 'content_filter', message: 'no', status_code: null, retryable: false };
    const { findings } = diagnosisOf({
      ...{ state: 'E1', owner: 'unowned', database: { lastError, queueDepth: 2 } },
      trouble: { platform: 'views' },
    });
    expect(findings[0]?.suggestion).not.toMatch(/deletes/);
  });

  test.each([
    [401, /key/],
    [402, /quota/],
    [404, /name or address/],
  ])('a status says what helps where the kind does not: %i', (status_code, advice) => {
    const lastError = { kind: 'bad_request', message: 'no', status_code, retryable: false };
    const { findings } = diagnosisOf({ state: 'E0', owner: 'unowned', database: { lastError } });
    expect(findings[0]?.suggestion).toMatch(advice);
  });

  test.each([
    [
      'the database does not give the user the right to do this (42501); give the worker’s user SELECT, INSERT, UPDATE and DELETE on the tables, and USAGE on their sequences',
      /give the worker’s user SELECT, INSERT, UPDATE and DELETE on the tables, and USAGE on their sequences, and then retry the turn/i,
    ],
    ['the database takes no writes (READ_ONLY); make the database writable', /make the database writable, and then/i],
    ['TypeError', /breaks off with TypeError again/],
    ['XX000\u202e', /breaks off with XX000 again/],
    ['', /breaks off again/],
  ])('what broke a turn off is named, and mended where the row says by what: %s', (why, advice) => {
    const message = `The turn broke off 3 times: ${why}`;
    const lastError = { kind: 'internal', message, status_code: null, retryable: false };
    for (const state of ['E0', 'E1'] as const) {
      const { findings } = diagnosisOf({ state, owner: 'unowned', database: { lastError } });
      expect(findings[0]?.suggestion).toMatch(advice);
      expect(findings[0]?.suggestion).not.toMatch(/\blogs\b/);
    }
  });

  test.each(['bad_request', 'context_length', 'auth', 'something_new', null])(
    'nobody is told to try again what cannot succeed: %s',
    (kind) => {
      for (const state of ['E0', 'E1'] as const) {
        const { suggestion, summary } = failedWith(kind, false, {}, state);
        expect(`${suggestion} ${summary}`).not.toMatch(/try again|^retry/i);
      }
    },
  );

  test('a call that was left open is closed with the next message, and named', () => {
    const openCalls = [{ id: 'call_1', toolName: 'ask\u202e_person', ageSeconds: 9, timesUnanswered: 1 }];
    expect(failedWith('bad_request', false, { openCalls }).suggestion).toMatch(
      /the call of ask _person that was left open is closed first.*chat -- send/,
    );
  });

  test('somebody else’s word is cut, and nobody waits through megabytes', () => {
    const kind = 'x'.repeat(3_000_000);
    expect(failedWith(kind, false).message?.length).toBeLessThan(200);
    const { findings } = diagnosisOf({
      ...{ state: 'E0', owner: 'unowned' },
      database: { lastError: { kind, message: kind, status_code: null, retryable: null } },
    });
    expect(Math.max(...findings.flatMap(({ evidence }) => evidence.map(({ value }) => value.length)))).toBeLessThan(
      700,
    );
  });
});
