/** Terminal output on a fault, compared with its example in the runbook. */
import { existsSync, readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { FindingCode } from '../../../domain/diagnosis/rules.ts';
import { exampleFile } from '../../../scripts/runbook.ts';
import { callerToken } from '../../gateway/gateways.ts';
import { runScript } from '../../support/command.ts';
import { expectExample, WRITING } from '../../support/examples.ts';
import { until } from '../../support/until.ts';

/** The paths of a finding's evidence, whichever of several it is about. */
function evidenceIn(output: string, code: FindingCode): string[] {
  const [, block = ''] = new RegExp(`^(?:CRITICAL|WARNING|INFO) +${code}\\n([\\s\\S]*?)\\n\\n`, 'm').exec(output) ?? [];
  return [...block.matchAll(/^ +(?:database|runtime) +(\S+) =/gm)].map(([, path = '']) =>
    path.replace(/\[\d+\]/g, '[]'),
  );
}

/**
 * Asks at the terminal, and holds the finding against the kept example. Not the values, nor what else is found: the
 * connections of an owner that is cut off fail one by one while it is asked. A chat that has moved on is asked again.
 */
export async function expectShown(
  gateway: { url: string },
  chatId: string,
  code: FindingCode,
  everywhere: boolean,
): Promise<void> {
  const question = everywhere ? [chatId, '--everywhere'] : [chatId];
  const environment = { CHAT_DEBUG_URL: gateway.url, CHAT_DEBUG_TOKEN: await callerToken() };
  let output = '';
  const evidence = await until(
    () => `${code} at the terminal, which shows:\n${output}`,
    async () => {
      const { stdout, stderr } = await runScript('dist/cli/chatDebug.js', ['why', ...question], environment);
      expect(stderr).toBe('');
      output = stdout;
      const found = evidenceIn(stdout, code);
      return found.length > 0 && found;
    },
  );
  if (WRITING) return expectExample(code, question.join(' '), output);
  const file = exampleFile(code);
  expect(evidence).toEqual(evidenceIn(existsSync(file) ? readFileSync(file, 'utf8') : '', code));
}
