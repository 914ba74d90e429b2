/** Rows that are large, or that hold what is strange to a terminal. */
import { describe, expect, test } from '@jest/globals';
import { insertChat, queueMessages } from '../../subgraphs/database/support/rows.ts';
import type { Field } from '../support/field.ts';

export function large(field: Field): void {
  describe('30: what is much, or strange to a terminal', () => {
    test('100,000 queued messages, and a chat without any, are answered like others', async () => {
      const [full, empty] = [await insertChat(field.pool, { status: 'error' }), await insertChat(field.pool)];
      await queueMessages(field.pool, full, 100_000);
      const fields =
        'executionState database { queueDepth messageStats { total } lastMessage { role } } diagnosis { verdict }';
      expect(await field.chat(full, fields)).toEqual({
        executionState: 'E1',
        database: { queueDepth: 100_000, messageStats: { total: 0 }, lastMessage: null },
        diagnosis: { verdict: 'FAILED' },
      });
      expect(await field.chat(empty, fields)).toEqual({
        executionState: 'W',
        database: { queueDepth: 0, messageStats: { total: 0 }, lastMessage: null },
        diagnosis: { verdict: 'IDLE' },
      });
    });

    test('3 MB of last_error are cut in what is said', async () => {
      const last_error = {
        kind: 'model',
        message: 'e'.repeat(3_000_000),
        provider: 'p',
        status_code: 400,
        retryable: false,
      };
      const id = await insertChat(field.pool, { status: 'error', last_error: JSON.stringify(last_error) });
      const seen = await field.diagnose(id);
      expect(seen.verdict).toBe('FAILED');
      expect(JSON.stringify(seen).length).toBeLessThan(10_000);
      const { code, stdout } = await field.chatDebug('why', id);
      expect({ code, isShort: stdout.length < 10_000 }).toEqual({ code: 1, isShort: true });
    });

    test('escape codes and overrides of the direction of text do not reach the terminal', async () => {
      const odd = 'red \u001b[31m, bell \u0007, reversed \u202etxt.exe\u202c, isolated \u2066a\u2069, mark \u200f';
      const last_error = { kind: odd, message: odd, provider: odd, status_code: 400, retryable: false };
      const id = await insertChat(field.pool, { title: odd, status: 'error', last_error: JSON.stringify(last_error) });
      const outputs = await Promise.all([
        field.chatDebug('why', id),
        field.chatDebug('snapshot', id),
        field.chatCommand('list'),
      ]);
      for (const { stdout } of outputs) {
        expect(stdout).toContain(id);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      }
    });
  });
}
