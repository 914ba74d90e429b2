/** Turns of chats with a scripted model. */
import type { ModelServer, Plan } from '../../support/modelServer.ts';
import type { Diagnosed } from '../support/diagnosed.ts';
import type { Field } from '../support/field.ts';

interface LastError {
  readonly kind: string;
  readonly message: string;
  readonly status_code: number | null;
  readonly retryable: boolean;
}

const isAtRest = ({ executionState }: Diagnosed) => /^(W|E)/.test(executionState);

export const turnsOf = (field: Field, model: ModelServer) => ({
  /** A chat that begins with this text, with a model that answers so, once its turn has ended. */
  async afterTurn(text: string, plan: Plan): Promise<{ id: string; end: Diagnosed }> {
    model.answer(text, plan);
    const id = await field.create(text);
    return { id, end: await field.diagnosed(id, 'the turn ends', isAtRest) };
  },

  /** The same chat, one turn later. */
  async nextTurn(id: string, text: string): Promise<Diagnosed> {
    await field.send(id, text);
    return field.diagnosed(id, 'the next turn ends', isAtRest);
  },

  async lastError(id: string): Promise<LastError> {
    const { database } = await field.chat<{ database: { lastError: LastError } }>(id, 'database { lastError }');
    return database.lastError;
  },

  /** The roles of the messages that are not deleted, oldest first. */
  async rolesOf(id: string): Promise<string[]> {
    const { rows } = await field.pool.query<{ role: string }>(
      'SELECT role::text FROM chat_messages WHERE chat_id = $1 AND NOT deleted ORDER BY id',
      [id],
    );
    return rows.map(({ role }) => role);
  },
});
