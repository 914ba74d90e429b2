/**
 * Prometheus rules and a Grafana dashboard, made from the tables of metrics and alerts in `docs/operations.md`. Tests hold
 * those against the processes. `npm run docs` writes both files.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { sentence } from '../domain/diagnosis/wording.ts';

export const RULES_FILE = new URL('../deploy/prometheus/rules.yaml', import.meta.url);
export const DASHBOARD_FILE = new URL('../deploy/grafana/dashboard.json', import.meta.url);
const PAGE = new URL('../docs/operations.md', import.meta.url);

/** One row of the table of metrics. */
interface Metric {
  readonly name: string;
  /** Processes that have it, in words. */
  readonly on: string;
  readonly what: string;
  readonly labels: readonly string[];
}

const alert = z.object({ alert: z.string(), expr: z.string(), for: z.string().optional() });

/** Page of the console that shows what an alert is about; the others are about the fleet. */
const CONSOLE: Readonly<Record<string, string>> = {
  ReplicaGivenUp: '/replicas',
  LeasesEndangered: '/replicas',
  WorkBreaksOff: '/replicas',
  NoRecorder: '/incidents',
  RecorderFails: '/incidents',
  AlertsNotTaken: '/incidents',
};
/** Alerts for which nobody is woken. */
const WARNINGS = ['ReplicaGivenUp', 'WorkBreaksOff', 'AlertsNotTaken', 'ChatsWaitForRoom'];
/** Place of the documents, and the address of the gateway for people: labels of the Prometheus that has the rules. */
const DOCS = '{{ $externalLabels.chat_debug_docs }}';
const GATEWAY = '{{ $externalLabels.chat_debug_url }}';

const read = () => readFileSync(PAGE, 'utf8');
const plain = (markdown: string) => markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('`', '');

/** Rows of the table of metrics. */
export const metrics = (page = read()): Metric[] =>
  [...page.matchAll(/^\| `(chat_debug_\w+)` \| ([a-z, ]+) \| (.*) \|$/gm)].map(([, name = '', on = '', what = '']) => {
    const [, by = ''] = /\b(?:by|in) (?:HTTP )?(`.*)$/.exec(what) ?? [];
    const named = [
      ...by
        .split(/[:;]/)
        .join(' ')
        .matchAll(/(?:^|by |and |in )(?:HTTP )?`(\w+)`/g),
    ];
    return { name, on, what: plain(what), labels: named.map(([, label = '']) => label) };
  });

/** Rules for Prometheus, as text: the alerts of the page, with what each tells and where it leads. */
export function prometheusRules(page = read()): string {
  const [, block = ''] = /## Alerts\n\n```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const rows = new Map(
    [...page.matchAll(/^\| `([A-Z]\w+)` \| (.*) \| (.*) \|$/gm)].map(([, name = '', tells = '', step = '']) => [
      name,
      { tells, step },
    ]),
  );
  const rules = z
    .array(alert)
    .parse(parse(block))
    .map(({ alert: name, ...rule }) => {
      const { tells = '', step = '' } = rows.get(name) ?? {};
      const [, anchor = ''] = /\(runbook\.md(#[\w-]+)\)/.exec(step) ?? [];
      return {
        alert: name,
        ...rule,
        labels: { severity: WARNINGS.includes(name) ? 'warning' : 'critical' },
        annotations: {
          summary: sentence(plain(tells)),
          first_step: step === 'the same' ? '/readyz of the recorder' : plain(step),
          runbook_url: `${DOCS}/runbook.md${anchor}`,
          console_url: `${GATEWAY}${CONSOLE[name] ?? '/'}`,
        },
      };
    });
  const about = [
    '# Made by `npm run docs` from docs/operations.md. Links need two labels in the configuration of Prometheus:',
    '#   global: { external_labels: { chat_debug_url: "https://debug.example", chat_debug_docs: "https://…/docs" } }',
  ];
  return `${about.join('\n')}\n${stringify({ groups: [{ name: 'chat-debug', rules }] }, { lineWidth: 0 })}`;
}

/** Columns of the dashboard, and rows of one panel. */
const WIDTH = 24;
const PANEL = { width: 8, height: 8 };

/** Values of processes that add up. */
const ADDED_UP = ['chat_debug_streams'];

/** Queries that show a metric by its kind, which its name tells. */
function targetsOf({ name, labels }: Metric) {
  const by = (more: readonly string[] = []) => [...labels, ...more].join(', ');
  const legend = labels.map((label) => `{{${label}}}`).join(' ') || name.replace('chat_debug_', '');
  if (name.endsWith('_duration_seconds')) {
    return [0.5, 0.99].map((part) => ({
      expr: `histogram_quantile(${part}, sum by (${by(['le'])}) (rate(${name}_bucket[$__rate_interval])))`,
      legendFormat: `p${part * 100} ${labels.length > 0 ? legend : ''}`.trim(),
    }));
  }
  const counted = name.endsWith('_total');
  if (labels.length === 0 && !counted) return [{ expr: name, legendFormat: '{{instance}}' }];
  const whole = counted || ADDED_UP.includes(name) ? 'sum' : 'max'; // each gateway counts the same suspects
  const value = counted ? `rate(${name}[$__rate_interval])` : name;
  return [{ expr: `${whole}${labels.length > 0 ? ` by (${by()})` : ''} (${value})`, legendFormat: legend }];
}

/** Dashboard for Grafana, as text: a row for each kind of process, a panel for each metric. */
export function grafanaDashboard(page = read()): string {
  const kinds = [...new Set(metrics(page).map(({ on }) => on))];
  const datasource = { type: 'prometheus', uid: '$datasource' };
  let y = 0;
  let id = 0;
  const panels = kinds.flatMap((kind) => {
    const own = metrics(page).filter(({ on }) => on === kind);
    const top = y + 1;
    const head = {
      id: ++id,
      type: 'row',
      title: kind,
      collapsed: false,
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
      panels: [],
    };
    const perRow = WIDTH / PANEL.width;
    y = top + Math.ceil(own.length / perRow) * PANEL.height;
    return [
      head,
      ...own.map((metric, i) => ({
        ...{ id: ++id, type: 'timeseries', title: metric.name, description: metric.what, datasource },
        gridPos: {
          ...{ x: (i % perRow) * PANEL.width, y: top + Math.floor(i / perRow) * PANEL.height },
          ...{ w: PANEL.width, h: PANEL.height },
        },
        fieldConfig: { defaults: { unit: unitOf(metric.name), min: 0 }, overrides: [] },
        targets: targetsOf(metric).map((target, at) => ({
          refId: String.fromCharCode(65 + at),
          datasource,
          ...target,
        })),
      })),
    ];
  });
  const dashboard = {
    ...{ uid: 'chat-debug', title: 'Chat debug', tags: ['chat-debug'], schemaVersion: 39, version: 1, editable: true },
    ...{ refresh: '30s', time: { from: 'now-3h', to: 'now' }, timezone: 'browser' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }] },
    panels,
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

const unitOf = (name: string) =>
  name.endsWith('_total') ? 'ops' : name.endsWith('_seconds') ? 's' : name.endsWith('_bytes') ? 'bytes' : 'short';

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const file of [RULES_FILE, DASHBOARD_FILE]) mkdirSync(new URL('.', file), { recursive: true });
  await writeFile(RULES_FILE, prometheusRules());
  await writeFile(DASHBOARD_FILE, grafanaDashboard());
}
