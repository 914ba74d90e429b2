/** Refusals of providers, and the remedy for each, which is seldom to try again. */
import { describe, expect, test } from '@jest/globals';
import { type ModelServer, refuses } from '../../support/modelServer.ts';
import { wordsOf } from '../support/diagnosed.ts';
import type { Field } from '../support/field.ts';
import { turnsOf } from './turns.ts';

export function refusals(field: Field, model: ModelServer): void {
  const { afterTurn, lastError } = turnsOf(field, model);

  describe('a refusal that stays one', () => {
    test.each([
      [
        'no quota left',
        429,
        { message: 'You exceeded your current quota.', code: 'insufficient_quota' },
        /quota|plan|bill|credit/i,
      ],
      ['no such model', 404, { message: 'The model `m` does not exist.', code: 'model_not_found' }, /model/i],
      ['a bill not paid', 402, { message: 'Insufficient balance.' }, /quota|plan|bill|credit|balance/i],
      [
        'content that is not allowed',
        400,
        { message: 'Rejected by the safety system.', code: 'content_policy_violation' },
        /edit/i,
      ],
    ])('%s: it is called once, and the advice is what helps', async (text, status, error, advice) => {
      const { id, end } = await afterTurn(text, () => refuses(status, error));
      expect(await lastError(id)).toMatchObject({ status_code: status, retryable: false });
      expect(model.requests(text).length).toBe(1);
      expect(end).toMatchObject({ verdict: 'FAILED', severities: { ERRORED: 'WARNING' } });
      expect(wordsOf(end, 'ERRORED')).toMatch(advice);
      expect(wordsOf(end, 'ERRORED')).not.toContain('try again');
      expect(await field.suspects()).toContain(id);
    });
  });

  test('a server that is overloaded is called again, and then the advice is to try again; the chat is no suspect', async () => {
    const text = 'an overloaded server';
    const { id, end } = await afterTurn(text, () => refuses(529, { message: 'Overloaded' }));
    expect(model.requests(text).length).toBe(3);
    expect(await lastError(id)).toMatchObject({ kind: 'overloaded', status_code: 529, retryable: true });
    expect(wordsOf(end, 'ERRORED')).toMatch(/Retry the turn once the model is less busy/);
    expect(await field.suspects()).not.toContain(id);
  });

  test('words of a provider that hold a key, an address and what was sent are masked where they are kept', async () => {
    const secrets = [
      'sk-proj-abcdefghijklmnopqrstuvwxyz012345',
      'https://internal.example/v1/deployments',
      'the secret of the chat is forty-two',
    ];
    const message = `Key ${secrets[0]} at ${secrets[1]} refused "${secrets[2]}" ${'and so on '.repeat(200)}`;
    const { id, end } = await afterTurn('words of a provider', () => refuses(403, { message }));
    const kept = JSON.stringify([await lastError(id), end]);
    for (const secret of secrets) expect(kept).not.toContain(secret);
    expect((await lastError(id)).message.length).toBeLessThanOrEqual(500);
  });
}
