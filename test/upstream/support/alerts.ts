/** The alert on stuck chats, as the documentation gives it, evaluated on what a gateway tells Prometheus. */
import { readdirSync, readFileSync } from 'node:fs';
import { readMetrics } from '../../support/metrics.ts';

const ROOT = new URL('../../../', import.meta.url);
const EXPRESSION = /^sum by \((\w+)\) \((\w+)\{(\w+)="(\w+)"\}\) > (\d+)$/;

/** The expression of `ChatsStuck`. @throws when no page has it */
function expression(): string {
  const pages = ['README.md', ...readdirSync(new URL('docs/', ROOT)).map((name) => `docs/${name}`)];
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const found = /- alert: ChatsStuck\n\s+expr: (.*)\n/.exec(readFileSync(new URL(page, ROOT), 'utf8'));
    if (found?.[1]) return found[1];
  }
  throw new Error('No page gives the alert ChatsStuck');
}

/** A counted group of suspects: its labels, and how many there are. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What the gateway tells of a metric now. */
export async function seriesOf(gateway: { url: string }, metric: string): Promise<Series[]> {
  const metrics = await readMetrics(gateway);
  return [...metrics].flatMap(([name, value]) => {
    const [, found, labels = ''] = /^(\w+)\{(.*)\}$/.exec(name) ?? [];
    if (found !== metric) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]);
    return [{ labels: Object.fromEntries(pairs), value }];
  });
}

/** For which values of its label the alert would fire. @throws when the expression is of another form than is known here */
export function firing(series: readonly Series[]): string[] {
  const parsed = EXPRESSION.exec(expression());
  if (!parsed) throw new Error(`The alert has another form than this evaluates: ${expression()}`);
  const [, by = '', , label = '', wanted, over] = parsed;
  const sums = new Map<string, number>();
  for (const { labels, value } of series.filter((one) => one.labels[label] === wanted)) {
    const group = labels[by] ?? '';
    sums.set(group, (sums.get(group) ?? 0) + value);
  }
  return [...sums].filter(([, sum]) => sum > Number(over)).map(([group]) => group);
}
