/** Steps that the worker can never commit: what it does again and again is no failure of the model, and is not getting on. */
import { describe, expect, test } from '@jest/globals';
import { essenceOf, WELL, wordsOf } from '../support/diagnosed.ts';
import type { Field } from '../support/field.ts';

const REFUSE = `
  CREATE FUNCTION refuse_answer() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
  CREATE TRIGGER refuse_answer BEFORE INSERT ON chat_messages FOR EACH ROW
    WHEN (NEW.role = 'assistant' AND NEW.content::text LIKE '%that nobody keeps%') EXECUTE FUNCTION refuse_answer()`;
const ACCEPT = 'DROP TRIGGER IF EXISTS refuse_answer ON chat_messages; DROP FUNCTION IF EXISTS refuse_answer()';

export function refusedWrites(field: Field): void {
  describe('an answer that the database does not keep', () => {
    test('is SPINNING after three break-offs, with why, and the chat goes on once it is kept', async () => {
      await field.pool.query(REFUSE);
      try {
        const id = await field.create('an answer that nobody keeps');
        const seen = await field.found(id, 'SPINNING');
        expect(seen).toMatchObject({ executionState: 'R0', verdict: 'STUCK', severities: { SPINNING: 'CRITICAL' } });
        expect(wordsOf(seen, 'SPINNING')).not.toContain('No space left');
        const fields = 'runtime { runners { activeTask { breakOffs lastBreakOff } } }';
        const { runtime } = await field.chat<{ runtime: object }>(id, fields);
        expect(JSON.stringify(runtime)).toContain('53100');
        await field.pool.query(ACCEPT);
        const end = await field.diagnosed(id, 'it is answered', ({ executionState }) => executionState === 'W');
        expect(essenceOf(end)).toEqual(WELL);
      } finally {
        await field.pool.query(ACCEPT);
      }
    });
  });
}
