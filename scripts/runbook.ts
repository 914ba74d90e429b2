/** Generated parts of the runbook: examples that a test saw, and the advice for platforms of others, under each code. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { withPlatformMeans } from './platformMeans.ts';

const page = new URL('../docs/runbook.md', import.meta.url);

/** File in which a test keeps the output that it saw for this code; see `test/support/examples.ts`. */
export const exampleFile = (code: string): URL => new URL(`../docs/examples/${code}.txt`, import.meta.url);

/** The page with the examples as they are kept now. */
export async function withExamples(text: string): Promise<string> {
  const parts = text.split(/(<!-- example: [A-Z_]+ -->)\n(?:\n```text\n[\s\S]*?\n```\n)?/);
  const filled = parts.map(async (part) => {
    const code = /^<!-- example: ([A-Z_]+) -->$/.exec(part)?.[1];
    if (!code) return part;
    const file = exampleFile(code);
    const example = existsSync(file) ? `\n\`\`\`text\n${await readFile(file, 'utf8')}\`\`\`\n` : '';
    return `${part}\n${example}`;
  });
  return (await Promise.all(filled)).join('');
}

/** `npm run docs` */
async function updateRunbook(): Promise<void> {
  await writeFile(page, withPlatformMeans(await withExamples(await readFile(page, 'utf8'))));
}

if (process.argv[1] === new URL(import.meta.url).pathname) await updateRunbook();
