/** Facts in `deploy/`, compared with the code: settings, commands, ports and routes. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { settings } from '../../server/settings/settings.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const yamlFiles = readdirSync(new URL('deploy/', root), { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.yaml') && !file.startsWith('chart/templates/'),
);
const documentsOf = (file: string): unknown[] =>
  parseAllDocuments(read(`deploy/${file}`), { merge: true }).map((document) => {
    expect([file, document.errors]).toEqual([file, []]);
    return document.toJS();
  });
const manifest = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));

const environment = z.record(z.string(), z.union([z.string(), z.number()]));
const compose = z.object({
  services: z.record(
    z.string(),
    z.object({ command: z.array(z.string()).optional(), environment: environment.optional(), image: z.string() }),
  ),
});
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.number() }) });
const container = z.object({
  command: z.array(z.string()),
  ports: z.tuple([z.object({ containerPort: z.number() })]).optional(),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
});
const workload = z.object({
  kind: z.enum(['Deployment', 'StatefulSet', 'Job']),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels: z.object({ app: z.string() }) }),
      spec: z.object({ terminationGracePeriodSeconds: z.number().optional(), containers: z.tuple([container]) }),
    }),
  }),
});
const kubernetes = yamlFiles.filter((file) => file.startsWith('kubernetes/')).flatMap(documentsOf);
const workloads = kubernetes.flatMap((one) => workload.safeParse(one).data ?? []);
const composed = compose.parse(documentsOf('compose/compose.yaml')[0]).services;

/** Names that a manifest has for its own use. */
const OWN_NAMES = ['POD_IP', 'POSTGRES_PASSWORD', 'POSTGRES_DB'];
const known = (name: string) => name in settings || OWN_NAMES.includes(name);

test('every file is YAML', () => {
  expect(yamlFiles.length).toBeGreaterThan(8);
  for (const file of yamlFiles) documentsOf(file);
});

test('every variable is a setting', () => {
  const configMap = z.object({ kind: z.literal('ConfigMap'), data: environment });
  const names = [
    ...workloads.flatMap(({ spec }) => spec.template.spec.containers[0].env.map(({ name }) => name)),
    ...kubernetes.flatMap((one) => Object.keys(configMap.safeParse(one).data?.data ?? {})),
    ...Object.values(composed).flatMap((service) => Object.keys(service.environment ?? {})),
  ];
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !known(name))).toEqual([]);
});

test('every command is one of package.json', () => {
  const commands = [
    ...workloads.map(({ spec }) => spec.template.spec.containers[0].command),
    ...Object.values(composed).flatMap(({ command }) => (command ? [command] : [])),
    ...[...read('deploy/Dockerfile').matchAll(/^CMD (.*)$/gm)].map(([, json = '']) =>
      z.array(z.string()).parse(JSON.parse(json)),
    ),
  ];
  expect(commands.length).toBeGreaterThan(8);
  const started = Object.values(manifest.scripts).map((script) =>
    script
      .replace('node scripts/build.mjs && exec ', '')
      .replace(/^node --import tsx (cli\/\w+)\.ts$/, 'node dist/$1.js'),
  );
  expect(commands.filter((command) => !started.includes(command.join(' ')))).toEqual([]);
});

test('no secret is written down', () => {
  const secret = z.object({ kind: z.literal('Secret') });
  expect(kubernetes.filter((one) => secret.safeParse(one).success)).toEqual([]);
  const values = [
    ...workloads.flatMap(({ spec }) => spec.template.spec.containers[0].env.map(({ name, value }) => [name, value])),
    ...Object.values(composed).flatMap((service) => Object.entries(service.environment ?? {})),
  ].filter(([name]) => /SECRET|PASSWORD|DATABASE_URL/.test(String(name)));
  expect(values.length).toBeGreaterThan(8);
  expect(values.filter(([, value]) => value !== undefined && !String(value).includes('${'))).toEqual([]);
});

describe.each(workloads.filter(({ kind }) => kind !== 'Job').map((one) => [one.metadata.name, one] as const))(
  '%s',
  (name, { spec }) => {
    const { containers, terminationGracePeriodSeconds } = spec.template.spec;
    const { env, livenessProbe, readinessProbe, ports } = containers[0];
    const port = ports?.[0].containerPort;

    test('listens where it is probed, and where its service and its policy send to', () => {
      expect(livenessProbe?.httpGet).toEqual({ path: '/livez', port });
      expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port });
      expect(env.find((one) => (one.name !== 'ROUTER_PORT' ? /PORT$/.test(one.name) : true))?.value).toBe(String(port));
      const service = z.object({
        kind: z.literal('Service'),
        spec: z.object({
          selector: z.object({ app: z.literal(name) }),
          ports: z.tuple([z.object({ port: z.literal(port ?? 0), targetPort: z.literal(port ?? 0) })]),
        }),
      });
      expect(kubernetes.filter((one) => service.safeParse(one).success)).toHaveLength(1);
      const policy = z.object({
        kind: z.literal('NetworkPolicy'),
        spec: z.object({
          podSelector: z.object({ matchLabels: z.object({ app: z.literal(name) }) }),
          ingress: z.tuple([z.object({ ports: z.tuple([z.object({ port: z.number() })]) })]),
        }),
      });
      const ofItself = kubernetes.flatMap((one) => policy.safeParse(one).data?.spec.ingress[0].ports[0].port ?? []);
      expect(ofItself.every((one) => one === port)).toBe(true);
    });

    test('has the time that a drain takes, and more', () => {
      const lifecycle = read('server/lifecycle.ts');
      const msOf = (constant: string) =>
        Number(new RegExp(`${constant} = ([\\d_]+)`).exec(lifecycle)?.[1]?.replace('_', ''));
      const drainSeconds = (msOf('RETIRE_MS') + msOf('STOP_LIMIT_MS')) / 1000;
      expect(drainSeconds).toBeGreaterThan(0);
      expect(terminationGracePeriodSeconds).toBeGreaterThan(drainSeconds);
    });
  },
);

test('replicas, recorder and Postgres are reached by those that have business there, and by nobody else', () => {
  const policy = z.object({
    kind: z.literal('NetworkPolicy'),
    spec: z.object({
      podSelector: z.object({ matchLabels: z.object({ app: z.string() }) }),
      ingress: z.tuple([
        z.object({
          from: z.array(z.object({ podSelector: z.object({ matchLabels: z.object({ app: z.string() }) }) })),
        }),
      ]),
    }),
  });
  const allowed = kubernetes.flatMap((one) => {
    const { data } = policy.safeParse(one);
    return data
      ? [
          [
            data.spec.podSelector.matchLabels.app,
            data.spec.ingress[0].from.map((from) => from.podSelector.matchLabels.app),
          ],
        ]
      : [];
  });
  expect(Object.fromEntries(allowed)).toMatchObject({
    'chat-debug-replica': ['chat-debug-gateway', 'chat-debug-router', 'prometheus'],
    'chat-debug-database': ['chat-debug-gateway', 'chat-debug-router', 'prometheus'],
    'chat-debug-recorder': ['chat-debug-gateway', 'prometheus'],
    'chat-debug-operator': ['chat-debug-gateway', 'prometheus'],
    postgres: [
      ...['chat-debug-database', 'chat-debug-replica', 'chat-debug-recorder', 'chat-debug-operator'],
      'chat-debug-migrate',
    ],
  });
  const apps = workloads.map(({ spec }) => spec.template.metadata.labels.app);
  const named = allowed.flat(2).filter((app) => !['postgres', 'prometheus'].includes(String(app)));
  expect(named.filter((app) => !apps.includes(String(app)))).toEqual([]);
});

test('the image is the folder of the package, made of all sources', () => {
  const copied = [...read('deploy/Dockerfile').matchAll(/^COPY (.*)$/gm)].map(([, what]) => what);
  expect(copied).toEqual(['. ./', '--from=build /app/build/package ./']);
  const ignored = read('deploy/Dockerfile.dockerignore').split('\n');
  const sources = [
    'cli',
    'common',
    'docs',
    'domain',
    'gateway',
    'local',
    'prisma',
    'routing',
    'scripts',
    'server',
    'subgraphs',
  ];
  expect(sources.filter((folder) => ignored.some((line) => line === folder || line === `/${folder}`))).toEqual([]);
});

test('the subgraphs for other gateways are those of rover.yaml', () => {
  const graph = z.object({
    subgraphs: z.array(z.object({ name: z.string(), schema: z.object({ file: z.string() }) })),
  });
  const rover = z.object({ subgraphs: z.record(z.string(), z.object({ schema: z.object({ file: z.string() }) })) });
  const ours = rover.parse(parseAllDocuments(read('rover.yaml'))[0]?.toJS()).subgraphs;
  const files = graph
    .parse(documentsOf('cosmo/graph.yaml')[0])
    .subgraphs.map(({ name, schema }) => [name, schema.file.replace('../../', './')]);
  expect(Object.fromEntries(files)).toEqual(
    Object.fromEntries(Object.entries(ours).map(([name, { schema }]) => [name, schema.file])),
  );
  const apollo = z.object({ override_subgraph_url: z.record(z.string(), z.url()) });
  const urls = apollo.parse(documentsOf('apollo-router/router.yaml')[0]).override_subgraph_url;
  expect(Object.keys(urls)).toEqual(Object.keys(ours));
  const ports = workloads.map(({ spec }) => spec.template.spec.containers[0].ports?.[0].containerPort);
  expect(Object.values(urls).filter((url) => !ports.includes(Number(new URL(url).port)))).toEqual([]);
});

test('the secret that the page makes has each key that a manifest takes', () => {
  const made = [...read('deploy/README.md').matchAll(/--from-literal=(\w+)/g)].map(([, key]) => key);
  const texts = yamlFiles.filter((file) => /^kubernetes\/[^/]+$/.test(file)).map((file) => read(`deploy/${file}`));
  const taken = [...texts.join().matchAll(/secretKeyRef: \{ name: chat-debug, key: (\w+) \}/g)].map(([, key]) => key);
  expect([...new Set(taken)].sort()).toEqual(made.sort());
});
