/** Section of the runbook on a finding, read when it is opened. The file comes with the console. */
import { useEffect, useState } from 'preact/hooks';
import { Markdown } from './markdown.tsx';

/** Sections by the code that they are about. */
let sections: ReadonlyMap<string, string> | undefined;

async function sectionOf(code: string): Promise<string> {
  if (!sections) {
    const { default: text } = await import('../../docs/runbook.md');
    const found = text.split(/^## /m).flatMap((part): [string, string][] => {
      const about = /^.*\n+`([A-Z_]+)`(?:, `([A-Z_]+)`)*/.exec(part);
      if (!about) return [];
      const codes = [...(part.split('\n').find((line) => line.startsWith('`')) ?? '').matchAll(/`([A-Z_]+)`/g)];
      const body = part.slice(part.indexOf('\n')).replaceAll(/<!--[\s\S]*?-->\n?/g, '');
      return codes.map(([, one = '']) => [one, body]);
    });
    sections = new Map(found);
  }
  return sections.get(code) ?? 'The runbook has no section for this finding.';
}

/** @param chatId takes the place of `CHAT` and `<chat>` in commands and queries */
export function Runbook({ code, chatId }: { code: string; chatId: string }) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  useEffect(() => {
    if (isOpen && !text) {
      void sectionOf(code).then(setText, () => setText('The runbook cannot be loaded: the gateway is away.'));
    }
  }, [isOpen, code]);
  return (
    <details class="runbook" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Runbook</summary>
      {isOpen ? <Markdown text={text.replaceAll('"CHAT"', `"${chatId}"`).replaceAll('<chat>', chatId)} /> : null}
    </details>
  );
}
