/** A table on standard output that can be pasted into a page as Markdown. */
import Table from 'cli-table3';

/** @param question what the table answers, in one line */
export function printTable(question: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const none = '';
  const table = new Table({
    head: [...head],
    chars: {
      ...{ top: none, 'top-mid': none, 'top-left': none, 'top-right': none },
      ...{ bottom: none, 'bottom-mid': none, 'bottom-left': none, 'bottom-right': none },
      ...{ mid: none, 'left-mid': none, 'mid-mid': none, 'right-mid': none },
      ...{ left: '|', right: '|', middle: '|' },
    },
    style: { head: [], border: [] },
  });
  table.push(
    head.map(() => '---'),
    ...rows.map((row) => [...row]),
  );
  console.log(`\n${question}\n\n${table.toString()}\n`);
}

/** Number with so many digits after the point, and commas between thousands. */
export const shown = (value: number, digits = 0): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
