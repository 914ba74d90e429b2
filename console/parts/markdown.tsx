/** The Markdown of this project's own pages, as elements: nothing is made of markup in the text. */
import type { ComponentChildren } from 'preact';
import { copy } from './notice.tsx';

export const Markdown = ({ text }: { text: string }) => <div class="prose">{blocksOf(text).map(blockOf)}</div>;

/** Blocks, with code between fences kept together. */
function blocksOf(text: string): string[] {
  return text
    .split(/^( *```[\s\S]*?^ *```)$/m)
    .flatMap((part) => (/^ *```/.test(part) ? [part] : part.split(/\n{2,}/)))
    .filter((part) => part.trim() !== '');
}

function blockOf(block: string, i: number): ComponentChildren {
  const key = `${i}${block.slice(0, 20)}`;
  if (/^ *```/.test(block)) return <Code key={key} text={block.replace(/^ *```\w*\n/, '').replace(/\n? *```$/, '')} />;
  const lines = block.replace(/^\n+|\n+$/g, '').split('\n');
  const [first = ''] = lines;
  if (first.startsWith('|')) return <Rows key={key} lines={lines} />;
  const heading = /^#+ (.*)$/.exec(first)?.[1];
  if (heading) return <h4 key={key}>{spansOf(heading)}</h4>;
  if (/^\d+\. /.test(first)) return <ol key={key}>{itemsOf(lines, /^\d+\. /)}</ol>;
  if (first.startsWith('- ')) return <ul key={key}>{itemsOf(lines, /^- /)}</ul>;
  return <p key={key}>{spansOf(lines.join(' '))}</p>;
}

const Code = ({ text }: { text: string }) => (
  <div class="code">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keys */}
    <pre tabIndex={0}>{text}</pre>
    <button type="button" onClick={() => copy('The text', text)}>
      Copy
    </button>
  </div>
);

function itemsOf(lines: readonly string[], mark: RegExp): ComponentChildren {
  const items: string[] = [];
  for (const line of lines) {
    if (mark.test(line)) items.push(line.replace(mark, ''));
    else items.push(`${items.pop() ?? ''} ${line.trim()}`);
  }
  return items.map((item) => <li key={item}>{spansOf(item)}</li>);
}

function Rows({ lines }: { lines: readonly string[] }) {
  const [head = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return (
    <table>
      <thead>
        <tr>
          {head.map((cell) => (
            <th key={cell}>{spansOf(cell)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.join()}>
            {row.map((cell) => (
              <td key={cell}>{spansOf(cell)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Code, bold text and links within a line. Links lead nowhere here: their words stay. */
function spansOf(text: string): ComponentChildren {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/).map((part) => {
    if (part.startsWith('`')) return <code key={part}>{part.slice(1, -1)}</code>;
    if (part.startsWith('**')) return <b key={part}>{part.slice(2, -2)}</b>;
    const words = /^\[([^\]]+)\]\([^)]+\)$/.exec(part)?.[1];
    return words ? spansOf(words) : part;
  });
}
