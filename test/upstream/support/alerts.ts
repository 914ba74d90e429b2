/** The alert on stuck chats from the documentation, evaluated on a gateway's metrics. */
import { readdirSync, readFileSync } from 'node:fs';
import { systemClock } from '../../../common/clock.ts';
import { readMetrics } from '../../support/metrics.ts';
import type { Deployment } from './deployment.ts';

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
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Values of a metric that the gateway reports now. */
async function seriesOf(gateway: { url: string }, metric: string): Promise<Series[]> {
  const metrics = await readMetrics(gateway);
  return [...metrics].flatMap(([name, value]) => {
    const [, found, labels = ''] = /^(\w+)\{(.*)\}$/.exec(name) ?? [];
    if (found !== metric) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]);
    return [{ labels: Object.fromEntries(pairs), value }];
  });
}

const REFRESH_MS = 10_000;
const LOOK_EVERY_MS = 100;
const READINGS = 6;

/**
 * Waits for the gateway's suspects to fit. The gateway reads them on request, at most every ten seconds.
 * The rows are made as old as before each reading, and left alone while it may last.
 * @throws with what it told last
 */
export async function suspectsOf(
  { gateway, ages }: Pick<Deployment, 'gateway' | 'ages'>,
  fits: (series: readonly Series[]) => boolean,
): Promise<Series[]> {
  let told: Series[] = [];
  for (let reading = 0; reading < READINGS; reading += 1) {
    await ages.restore();
    const beganMs = systemClock.monotonicMs();
    do {
      told = await seriesOf(gateway, 'chat_debug_suspects');
      if (fits(told)) return told;
      await systemClock.sleep(LOOK_EVERY_MS);
    } while (systemClock.monotonicMs() - beganMs < REFRESH_MS / 2);
    await systemClock.sleep(REFRESH_MS + LOOK_EVERY_MS - (systemClock.monotonicMs() - beganMs));
  }
  throw new Error(`The suspects do not come to fit. Told last: ${JSON.stringify(told)}`);
}

/**
 * Label values for which the alert would fire.
 * @throws if the expression has an unknown form
 */
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
