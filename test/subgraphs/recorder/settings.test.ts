/** Settings of the recorder that are missing or do not fit are named before it runs. */
import { expect, test } from '@jest/globals';
import { INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { runScript } from '../../support/command.ts';

const GOOD = {
  ...{ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', INTERNAL_SECRET },
  CHAT_DEBUG_URL: 'http://127.0.0.1:1',
};
const SECRET = 'a secret of the webhook, long enough';
const HOOK = 'https://hooks.example/in/a-key-of-its-own';

test.each<[Record<string, string>, string]>([
  [{ CHAT_DEBUG_URL: '' }, 'CHAT_DEBUG_URL: is not set.'],
  [{ DATABASE_URL: '' }, 'RECORDER_DATABASE_URL, DATABASE_URL: neither is set.'],
  [{ ALERT_WEBHOOK_URL: HOOK }, 'ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET: set both or neither'],
  [{ ALERT_WEBHOOK_SECRET: SECRET }, 'ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET: set both or neither'],
  [{ ALERT_WEBHOOK_URL: 'hooks.example/in/a-key-of-its-own' }, 'ALERT_WEBHOOK_URL: must be an http or https URL.'],
  [{ ALERTMANAGER_URL: 'http://user:a-key-of-its-own@host' }, 'ALERTMANAGER_URL: must be without user and password.'],
])('with %j it does not start, and says why without a secret', async (changes, sentence) => {
  const { code, stderr } = await runScript('dist/recorder.js', [], { ...GOOD, ...changes });
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect(stderr).not.toMatch(/a-key-of-its-own|a secret of the webhook/);
});
