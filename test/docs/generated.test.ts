/** Files that `npm run docs` writes for other programs are those that it would write now, and name what there is. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import * as z from 'zod';
import { makeGatewayMetrics } from '../../gateway/http/metrics.ts';
import { DASHBOARD_FILE, grafanaDashboard, metrics, prometheusRules, RULES_FILE } from '../../scripts/monitoring.ts';
import { OPENAPI_FILE, snapshotOpenapi } from '../../scripts/snapshotOpenapi.ts';
import { makeLiveMetrics } from '../../server/live/metrics.ts';
import { subgraphRequests } from '../../server/metrics.ts';
import { makeReadingMetrics } from '../../subgraphs/database/metrics.ts';
import { makeOperatorMetrics } from '../../subgraphs/operator/metrics.ts';
import { makeRecorderMetrics } from '../../subgraphs/recorder/metrics.ts';
import type { Inspector } from '../../subgraphs/runtime/inspector.ts';
import { registerReplicaMetrics } from '../../subgraphs/runtime/metrics.ts';

const ofRoot = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test.each([
  [OPENAPI_FILE, snapshotOpenapi],
  [RULES_FILE, prometheusRules],
  [DASHBOARD_FILE, grafanaDashboard],
])('%s is up to date', (file, make) => {
  expect(readFileSync(file, 'utf8')).toBe(make());
});

const rules = z.object({
  groups: z.tuple([
    z.object({
      rules: z.array(
        z.object({
          ...{ alert: z.string(), expr: z.string(), labels: z.object({ severity: z.enum(['critical', 'warning']) }) },
          annotations: z.object({
            ...{ summary: z.string().min(10), first_step: z.string().min(5) },
            ...{ runbook_url: z.string(), console_url: z.string() },
          }),
        }),
      ),
    }),
  ]),
});

test('every alert leads to a section of the runbook and a page of the console that are there', () => {
  const anchors = [...ofRoot('docs/runbook.md').matchAll(/^## (.*)$/gm)].map(
    ([, heading = '']) => `#${heading.toLowerCase().replaceAll(' ', '-')}`,
  );
  const pages = ofRoot('gateway/http/console.ts');
  const alerts = rules.parse(parse(readFileSync(RULES_FILE, 'utf8'))).groups[0].rules;
  expect(alerts.length).toBeGreaterThan(5);
  for (const { alert, annotations } of alerts) {
    const [, anchor = ''] = /runbook\.md(.*)$/.exec(annotations.runbook_url) ?? [];
    expect([alert, anchor === '' || anchors.includes(anchor)]).toEqual([alert, true]);
    const path = annotations.console_url.replace(/^\{\{ \$externalLabels\.chat_debug_url \}\}/, '');
    expect([alert, pages.includes(`'${path}'`)]).toEqual([alert, true]);
  }
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

test(`Prometheus takes the rules${hasPromtool ? '' : ' — NOT TRIED: there is no promtool on this machine'}`, () => {
  if (!hasPromtool)
    return console.warn('There is no promtool on this machine: Prometheus was not asked about its rules.');
  const asked = ['check', 'rules', fileURLToPath(RULES_FILE)];
  const { status, stdout, stderr } = spawnSync('promtool', asked, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/SUCCESS: [1-9]\d* rules found/);
});

test('the dashboard shows every metric of the table, by labels that the metric has', () => {
  const shown = [...readFileSync(DASHBOARD_FILE, 'utf8').matchAll(/"title": "(chat_debug_\w+)"/g)].map(
    ([, name]) => name,
  );
  expect(shown).toEqual(metrics().map(({ name }) => name));
  const registry = new Registry();
  subgraphRequests(registry);
  makeGatewayMetrics(registry);
  makeLiveMetrics(registry, () => 'none');
  makeReadingMetrics(registry);
  registerReplicaMetrics(registry, {} as Inspector);
  makeOperatorMetrics(registry);
  makeRecorderMetrics(registry, { isActive: () => true, isListening: () => true });
  const labelled = z.object({ labelNames: z.array(z.string()) });
  const checked = metrics().flatMap(({ name, labels }) => {
    const metric = registry.getSingleMetric(name);
    if (!metric) return []; // of the supergraph and the suspects, which need a running gateway
    expect([name, [...labels].sort()]).toEqual([name, [...labelled.parse(metric).labelNames].sort()]);
    return [name];
  });
  expect(checked.length).toBeGreaterThan(30);
});
