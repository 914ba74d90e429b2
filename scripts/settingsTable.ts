/** The settings as the README shows them: a row each, made from `server/settings/settings.ts`. */
import { readFile, writeFile } from 'node:fs/promises';
import { settings } from '../server/settings/settings.ts';

/** Markdown table, which the README must hold to the letter. */
export function settingsTable(): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const standard: unknown = setting.safeParse(undefined).data;
    const shown = standard === undefined ? '' : `\`${standard}\``;
    return `| \`${name}\` | ${shown} | ${setting.description} |`;
  });
  return ['| setting | default | what |', '| --- | --- | --- |', ...rows].join('\n');
}

/** `npm run docs`: puts the table into the README. */
async function updateReadme(): Promise<void> {
  const readme = new URL('../README.md', import.meta.url);
  const text = await readFile(readme, 'utf8');
  const table = /^\| setting \| default \|.*\n(\|.*\n)*/m;
  await writeFile(
    readme,
    text.replace(table, () => `${settingsTable()}\n`),
  );
}

if (process.argv[1] === new URL(import.meta.url).pathname) await updateReadme();
