/** The Helm chart, rendered: with the values that it comes with it is the manifests, and each switch does what it says. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { chartTemplates, TEMPLATES } from '../../scripts/chart.ts';
import { settings } from '../../server/settings/settings.ts';
import { render } from './render.ts';

const root = new URL('../../deploy/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const chart = fileURLToPath(new URL('chart', root));
const values = z.looseObject({ settings: z.record(z.string(), z.string()) }).parse(parse(read('chart/values.yaml')));
const hasHelm = spawnSync('helm', ['version']).status === 0;

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: object };
}
const documents = (text: string): Manifest[] =>
  parseAllDocuments(text).flatMap((one) => {
    expect(one.errors).toEqual([]);
    return (one.toJS() as Manifest | null) ?? [];
  });
const rendered = (changes: object = {}): Manifest[] =>
  [...chartTemplates().values()].flatMap((text) => documents(render(text, { ...values, ...changes })));
const byName = (manifests: readonly Manifest[]) =>
  Object.fromEntries(
    manifests.map(({ metadata: { annotations, ...metadata }, ...rest }) => [
      `${rest.kind} ${metadata.name}`,
      { ...rest, metadata },
    ]),
  );
const names = (manifests: readonly Manifest[]) => manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

test('the templates are those that `npm run docs` writes', () => {
  expect(readdirSync(TEMPLATES).sort()).toEqual([...chartTemplates().keys()].sort());
  for (const [name, text] of chartTemplates()) expect(read(`chart/templates/${name}`)).toBe(text);
});

test('with its own values it is the manifests of deploy/kubernetes', () => {
  const files = readdirSync(new URL('kubernetes/', root)).filter((file) => file.endsWith('.yaml'));
  expect(byName(rendered())).toEqual(byName(files.flatMap((file) => documents(read(`kubernetes/${file}`)))));
});

test('what is switched off is not there, and nobody is told its address', () => {
  const off = { enabled: false, replicas: 2 };
  const all = rendered({ recorder: off, operator: off, migrate: false, networkPolicy: false });
  expect(names(all).filter((name) => /recorder|operator|migrate|NetworkPolicy/.test(name))).toEqual([]);
  const config = z
    .object({ data: z.record(z.string(), z.string()) })
    .parse(all.find(({ kind }) => kind === 'ConfigMap'));
  expect(Object.keys(config.data)).not.toContain('OPERATOR_SUBGRAPH_URL');
  expect(Object.keys(config.data)).not.toContain('RECORDER_URL');
});

test('image, secret, pods and settings are those of the values', () => {
  const own = { PUBLIC_URL: 'https://debug.example' };
  const text = JSON.stringify(
    rendered({ image: 'here/it:1', secret: 'ours', gateway: { replicas: 7 }, settings: own }),
  );
  expect(text).not.toContain('"image":"chat-debug-gateway"');
  expect(text).not.toContain('"secretKeyRef":{"name":"chat-debug"');
  expect(text).toContain('"replicas":7');
  expect(text).toContain('"PUBLIC_URL":"https://debug.example"');
  expect(Object.keys(values.settings).filter((name) => !(name in settings))).toEqual([]);
});

test(`helm lints and renders the same${hasHelm ? '' : ' — NOT TRIED: there is no helm on this machine'}`, () => {
  if (!hasHelm)
    return console.warn('There is no helm on this machine: the chart was rendered by the renderer of this test alone.');
  const lint = spawnSync('helm', ['lint', chart], { encoding: 'utf8' });
  expect([lint.status, lint.stdout]).toEqual([0, lint.stdout]);
  const { status, stdout, stderr } = spawnSync('helm', ['template', 'chat-debug', chart], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(byName(documents(stdout))).toEqual(byName(rendered()));
});
