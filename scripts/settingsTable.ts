/** The settings as `docs/settings.md` shows them: a row each, made from `server/settings/settings.ts`. */
import { readFile, writeFile } from 'node:fs/promises';
import { settings } from '../server/settings/settings.ts';

/** Markdown table, which the page must hold to the letter. */
export function settingsTable(): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const standard: unknown = setting.safeParse(undefined).data;
    const shown = standard === undefined || String(standard) === '' ? '' : `\`${standard}\``;
    return `| \`${name}\` | ${shown} | ${setting.description} |`;
  });
  return ['| setting | default | what |', '| --- | --- | --- |', ...rows].join('\n');
}

/** `npm run docs`: puts the table onto the page. */
async function updatePage(): Promise<void> {
  const page = new URL('../docs/settings.md', import.meta.url);
  const text = await readFile(page, 'utf8');
  const table = /^\| setting \| default \|.*\n(\|.*\n)*/m;
  await writeFile(
    page,
    text.replace(table, () => `${settingsTable()}\n`),
  );
}

if (process.argv[1] === new URL(import.meta.url).pathname) await updatePage();
