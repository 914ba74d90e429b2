/** The settings as the README shows them: a row each, made from `common/config.ts`. */
import { settings } from '../common/config.ts';

/** Markdown; the README must hold it as it is. */
export function settingsTable(): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const standard: unknown = setting.safeParse(undefined).data;
    const shown = standard === undefined ? '' : `\`${standard}\``;
    return `| \`${name}\` | ${shown} | ${setting.description} |`;
  });
  return ['| setting | default | what |', '| --- | --- | --- |', ...rows].join('\n');
}
