/** Tool `explain`: the runbook's section on a finding. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { RULES } from '../../domain/diagnosis/rules.ts';
import { ToolError } from './ask.ts';
import { tool } from './tool.ts';

const RUNBOOK = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

const FINDING_CODES: readonly string[] = RULES.map(({ code }) => code);

/** Heading of a finding's section: `No progress` for NO_PROGRESS. */
const headingOf = (code: string) => `${code.charAt(0)}${code.slice(1).toLowerCase().replaceAll('_', ' ')}`;

/** Section on a finding, without examples; undefined: there is none. */
function sectionOn(code: string): string | undefined {
  const [, section] = RUNBOOK.split(`\n## ${headingOf(code)}\n`);
  return section
    ?.split('\n## ')[0]
    ?.replace(/\*\*Try it\*\*[\s\S]*$/, '')
    .trim();
}

export const explain = tool({
  name: 'explain',
  title: 'What a finding means',
  description:
    'Gives the runbook’s section on a finding: what it means, where it comes from, how to confirm it, and what to do.',
  input: z.object({ code: z.string().max(60).describe('code of the finding, such as NO_PROGRESS') }),
  output: z.object({ code: z.string(), markdown: z.string() }),
  run: async ({ code: given }) => {
    const code = given.toUpperCase();
    const markdown = FINDING_CODES.includes(code) ? sectionOn(code) : undefined;
    if (markdown === undefined)
      throw new ToolError(`There is no such finding. There are: ${FINDING_CODES.join(', ')}.`);
    return { code, markdown };
  },
});
