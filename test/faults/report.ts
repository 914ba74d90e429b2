/** The report of a run, for a person. */
import Table from 'cli-table3';
import type { Violation } from './audit.ts';
import { FAULTS, type FaultKind } from './plan.ts';

export interface Findings {
  readonly seed: number;
  readonly chats: number;
  readonly seconds: number;
  readonly injected: ReadonlyMap<FaultKind, number>;
  readonly touched: ReadonlyMap<FaultKind, ReadonlySet<string>>;
  readonly timeline: readonly string[];
  readonly violations: readonly Violation[];
  /** Figures on what was looked at. */
  readonly figures: Readonly<Record<string, number | string>>;
}

const SHOWN_VIOLATIONS = 20;

export function report(findings: Findings): string {
  const { injected, touched, violations, figures } = findings;
  const table = new Table({
    head: ['fault', 'times injected', 'chats touched', 'violations on them'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const [kind, name] of Object.entries(FAULTS) as [FaultKind, string][]) {
    const chats = touched.get(kind) ?? new Set();
    const onThem = violations.filter(({ chatId }) => chatId && chats.has(chatId));
    table.push([name, injected.get(kind) ?? 0, chats.size, onThem.length]);
  }
  const all = new Set([...touched.values()].flatMap((chats) => [...chats]));
  table.push(['together', [...injected.values()].reduce((sum, one) => sum + one, 0), all.size, violations.length]);
  const looked = Object.entries(figures).map(([name, figure]) => `${name}: ${figure}`);
  return [`Faults with seed ${findings.seed}`, table.toString(), looked.join(', '), ''].join('\n');
}

/** Words on what is wrong, and how to see it again. */
export function describeViolations({ violations, timeline, seed, chats, seconds }: Findings, folder: string): string {
  const shown = violations.slice(0, SHOWN_VIOLATIONS).map(({ chatId, what }) => `  ${chatId ?? ''} ${what}`);
  const more = violations.length - shown.length;
  return [
    `${violations.length} violations:`,
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
    'What was done when, to which worker:',
    ...timeline.map((line) => `  ${line}`),
    `The logs of the replicas are in ${folder}. The same plan again:`,
    `  FAULT_SEED=${seed} FAULT_CHATS=${chats} FAULT_SECONDS=${seconds} npm run test:slow -- test/faults`,
  ].join('\n');
}
