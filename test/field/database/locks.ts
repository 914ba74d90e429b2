/** Locks on whole tables, as migrations and maintenance take them: who may still read, and who waits. */
import { describe, expect, test } from '@jest/globals';
import { wordsOf } from '../support/diagnosed.ts';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';
import { openSession, whileIdleInTransaction } from '../support/sessions.ts';

export function locks(field: Field): void {
  describe('a lock on a whole table', () => {
    test('that lets everybody read and nobody write, as an index that is made takes it: the owner waits for it, and it is the cause', async () => {
      const id = await field.create('/slow 2');
      await eventually(
        'it is begun',
        () => field.column(id, 'generation_attempt'),
        (attempt) => attempt === '1',
      );
      const lock = 'LOCK TABLE chats IN SHARE MODE';
      await whileIdleInTransaction(field.system.databaseUrl, 'a new index', [lock], async () => {
        const seen = await field.found(id, 'ROW_LOCKED');
        expect(seen).toMatchObject({ verdict: 'STUCK', severities: { ROW_LOCKED: 'CRITICAL' } });
        expect(wordsOf(seen, 'ROW_LOCKED')).not.toContain('--action release');
        const { runtime } = await field.chat<{ runtime: object }>(
          id,
          'runtime { runners { activeTask { waitsForDatabaseSeconds } } }',
        );
        expect(runtime).toEqual({ runners: [{ activeTask: { waitsForDatabaseSeconds: expect.any(Number) } }] });
      });
      const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
      expect(end.verdict).toBe('IDLE');
    });

    test('on the messages alone: what does not need them is answered, and what does is said not to be known', async () => {
      const { databaseUrl } = field.system;
      const id = await field.createAtRest();
      const migration = await openSession(databaseUrl, 'a migration');
      const lock = 'SELECT count(*) FROM chat_messages';
      try {
        await whileIdleInTransaction(databaseUrl, 'a report', [lock], async () => {
          const altered = migration
            .query('ALTER TABLE chat_messages ADD COLUMN never_there int')
            .catch((error) => error);
          const fields = 'executionState database { status lastMessage { role } unreadable }';
          const look = () => field.chat<{ database: { lastMessage: object | null } }>(id, fields);
          const seen = await eventually('it cannot be read', look, ({ database }) => database.lastMessage === null);
          expect(seen).toEqual({
            executionState: 'W',
            database: { status: 'waiting', lastMessage: null, unreadable: ['lastMessage'] },
          });
          const diagnosed = await field.diagnose(id);
          expect(diagnosed).toMatchObject({ verdict: 'UNKNOWN', severities: { VALUE_UNREADABLE: 'WARNING' } });
          const admin = await openSession(databaseUrl, 'an administrator');
          await admin.query('SELECT pg_cancel_backend($1)', [migration.processId]);
          await admin.end();
          await altered;
        });
      } finally {
        await migration.end();
      }
    });

    test('is named for a chat that nobody owns yet, too', async () => {
      const { databaseUrl } = field.system;
      const id = await field.createAtRest();
      const index = await openSession(databaseUrl, 'a new index');
      try {
        await index.query('BEGIN');
        // Statement that holds a row. Acquisition passes over it until the table is locked.
        const row = 'SELECT FROM chats WHERE id = $1 FOR KEY SHARE';
        await whileIdleInTransaction(databaseUrl, 'a first session', [row, id], async () => {
          await field.pool.query(`UPDATE chats SET status = 'running', updated_at = now() WHERE id = $1`, [id]);
          await index.query('LOCK TABLE chats IN SHARE MODE');
        });
        const seen = await field.found(id, 'ROW_LOCKED');
        expect(seen).toMatchObject({ verdict: 'STUCK', severities: { ROW_LOCKED: 'CRITICAL', NO_OWNER: 'WARNING' } });
        expect(wordsOf(seen, 'ROW_LOCKED')).not.toContain('--action release');
      } finally {
        await index.end();
      }
      const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
      expect(end.verdict).toBe('IDLE');
    });
  });
}
