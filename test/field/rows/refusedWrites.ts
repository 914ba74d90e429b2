/** Steps that the worker cannot commit, for no fault of the model. Repeating them is no progress. */
import { describe, expect, test } from '@jest/globals';
import { essenceOf, WELL, wordsOf } from '../support/diagnosed.ts';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';

/** Has the table refuse messages of the assistant with that text in them, with that SQLSTATE. */
const refuse = (name: string, text: string, code: string) => `
  CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'what nobody shall read' USING ERRCODE = '${code}'; END $$;
  CREATE TRIGGER ${name} BEFORE INSERT ON chat_messages FOR EACH ROW
    WHEN (NEW.role = 'assistant' AND NEW.content::text LIKE '%${text}%') EXECUTE FUNCTION ${name}()`;
const accept = (name: string) => `DROP TRIGGER IF EXISTS ${name} ON chat_messages; DROP FUNCTION IF EXISTS ${name}()`;

export function refusedWrites(field: Field): void {
  async function whileRefused(text: string, code: string, work: (mend: () => Promise<unknown>) => Promise<void>) {
    const name = `refuse_${code.toLowerCase()}`;
    const mend = () => field.pool.query(accept(name));
    await field.pool.query(refuse(name, text, code));
    try {
      await work(mend);
    } finally {
      await mend();
    }
  }

  describe('an answer that the database does not keep', () => {
    test('because its disk is full: that is what the owner waits for, and the chat goes on once there is room', async () => {
      await whileRefused('that no disk keeps', '53100', async (mend) => {
        const id = await field.create('an answer that no disk keeps');
        const seen = await field.found(id, 'NO_PROGRESS', 60_000);
        expect(seen).toMatchObject({ executionState: 'R0', verdict: 'STUCK', severities: { NO_PROGRESS: 'CRITICAL' } });
        expect(wordsOf(seen, 'NO_PROGRESS')).toMatch(/waiting for the database/);
        expect(JSON.stringify(seen)).not.toContain('what nobody shall read');
        await mend();
        const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W', 70_000);
        expect(essenceOf(end)).toEqual(WELL);
      });
    });

    test('because of a trigger that somebody added: the turn fails after a few attempts, and does not go on for ever', async () => {
      await whileRefused('that no trigger passes', 'P0001', async () => {
        const id = await field.create('an answer that no trigger passes');
        const end = await field.diagnosed(
          id,
          'the turn fails',
          ({ executionState }) => executionState === 'E0',
          60_000,
        );
        expect(end).toMatchObject({ verdict: 'FAILED', severities: { ERRORED: 'WARNING' } });
        expect(JSON.stringify(end)).not.toContain('what nobody shall read');
        expect(await field.column(id, 'last_error')).not.toContain('what nobody shall read');
      });
    });

    test('when it is interrupted: the turn ends all the same, and what was said is not kept', async () => {
      await whileRefused('word-1', 'P0002', async () => {
        const id = await field.create('/slow 600');
        await eventually(
          'it is begun',
          () => field.column(id, 'generation_attempt'),
          (attempt) => attempt === '1',
        );
        await field.diagnosed(id, 'it works', ({ verdict }) => verdict === 'WORKING');
        const buffered = 'runtime { messageBuffers { bytesBuffered } }';
        type Buffered = { runtime: { messageBuffers: { bytesBuffered: number }[] } };
        await eventually(
          'a word is there',
          () => field.chat<Buffered>(id, buffered),
          ({ runtime }) => (runtime.messageBuffers[0]?.bytesBuffered ?? 0) > 0,
        );
        await field.store.apply(id, { name: 'interrupt' });
        const end = await field.diagnosed(id, 'it is at rest', ({ executionState }) => executionState === 'W', 60_000);
        expect(essenceOf(end)).toEqual(WELL);
      });
    });
  });
}
