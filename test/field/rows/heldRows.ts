/** Rows that another session holds without doing anything. */
import { describe, expect, test } from '@jest/globals';
import { wordsOf } from '../support/diagnosed.ts';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';
import { whileIdleInTransaction } from '../support/sessions.ts';

export function heldRows(field: Field): void {
  describe('10: a transaction that is idle in another session holds the row of a chat that nobody owns yet', () => {
    test('says who holds it, and since when', async () => {
      const { databaseUrl } = field.system;
      const id = await field.createAtRest();
      // Statement that holds a row as an uncommitted message does.
      const hold = 'SELECT FROM chats WHERE id = $1 FOR KEY SHARE';
      await whileIdleInTransaction(databaseUrl, 'a nightly report', [hold, id], async ({ processId }) => {
        await field.pool.query(`UPDATE chats SET status = 'running', updated_at = now() WHERE id = $1`, [id]);
        const seen = await field.found(id, 'ROW_LOCKED');
        expect(seen).toMatchObject({ verdict: 'STUCK', severities: { ROW_LOCKED: 'CRITICAL', NO_OWNER: 'WARNING' } });
        expect(JSON.stringify(seen)).not.toContain('a nightly report');
        expect(JSON.stringify(seen)).not.toMatch(new RegExp(`(?<![\\w-])${processId}(?![\\w-])`));

        const lockedBy = 'lockedBy { processId applicationName state transactionSeconds }';
        const holder = { processId, applicationName: 'a nightly report', state: 'idle in transaction' };
        expect(await field.chat(id, `database { trouble { rowLocked ${lockedBy} } }`)).toEqual({
          database: { trouble: { rowLocked: true, lockedBy: { ...holder, transactionSeconds: expect.any(Number) } } },
        });
        expect(await field.suspects()).toContain(id);

        const query = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { database { trouble { ${lockedBy} } } } }`;
        const owner = await field.tokenOf((await field.column(id, 'owner_id')) ?? '');
        expect(await field.ask(query, { id }, owner)).toEqual({
          status: 200,
          data: { chatDebugSnapshot: { database: { trouble: { lockedBy: null } } } },
          errors: [],
        });
      });
      const end = await field.diagnosed(
        id,
        'it is answered once the row is free',
        ({ executionState }) => executionState === 'W',
      );
      expect(end.verdict).toBe('IDLE');
    });

    test('the same for a row whose owner waits to commit what the model said', async () => {
      const id = await field.create('/slow 2');
      await eventually(
        'it is begun',
        () => field.column(id, 'generation_attempt'),
        (attempt) => attempt === '1',
      );
      const lock = 'SELECT FROM chats WHERE id = $1 FOR UPDATE';
      await whileIdleInTransaction(field.system.databaseUrl, 'psql', [lock, id], async () => {
        const seen = await field.found(id, 'ROW_LOCKED');
        expect(seen).toMatchObject({ verdict: 'STUCK', severities: { ROW_LOCKED: 'CRITICAL' } });
        expect(wordsOf(seen, 'ROW_LOCKED')).not.toContain('--action release');
      });
      const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
      expect(end.verdict).toBe('IDLE');
    });
  });
}
