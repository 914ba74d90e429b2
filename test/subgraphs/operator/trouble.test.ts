/** Trouble of the operator's database, in words. */
import { expect, test } from '@jest/globals';
import { questionError, troubleWords } from '../../../subgraphs/operator/trouble.ts';

const refused = (code: string, more = {}) => Object.assign(new Error('a secret'), { code, severity: 'ERROR', ...more });

test('a user that may not connect is not sent to a script that grants no CONNECT', () => {
  expect(troubleWords(refused('42501', { routine: 'CheckMyDatabase' }))).toBe(
    'The user of the operator may not connect to the database. Grant it CONNECT.',
  );
  expect(troubleWords(refused('42501', { routine: 'aclcheck_error' }))).toContain('deploy/operator-role.sql');
});

test('what may be a lock on a whole table is not told as one on the row', () => {
  expect(questionError(refused('55P03')).message).toContain('another session holds the row or its table.');
});

test.each(['23514', '22P02', '44000', '54000', 'P0001'])(
  'nobody is told to try again what is refused again: %s',
  (code) => {
    expect(questionError(refused(code)).message).toBe(
      `The database refuses this (SQLSTATE ${code}). The log says more. Nothing was changed.`,
    );
  },
);

test.each(['55P03', '53300', '57P03', '42501', '25006'])(
  'what may pass, or can be mended, may be tried again: %s',
  (code) => {
    expect(questionError(refused(code)).message).toMatch(/Nothing was changed\. Try again\.$/);
  },
);
