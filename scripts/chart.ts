/**
 * The Helm chart, made from the manifests in `deploy/kubernetes/`: with the values that it comes with it renders to those.
 * `npm run docs` writes it.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

const MANIFESTS = new URL('../deploy/kubernetes/', import.meta.url);
export const TEMPLATES = new URL('../deploy/chart/templates/', import.meta.url);
const FILES = [
  'database',
  'gateway',
  'migrate',
  'network-policy',
  'operator',
  'recorder',
  'replicas',
  'settings',
] as const;
type File = (typeof FILES)[number];

/** Value without which a manifest is left out. */
const ONLY_IF: Partial<Record<File, string>> = {
  migrate: '.Values.migrate',
  'network-policy': '.Values.networkPolicy',
  operator: '.Values.operator.enabled',
  recorder: '.Values.recorder.enabled',
};
/** Names in the values, where they differ from that of the manifest. */
const NAMES: Partial<Record<File, string>> = { replicas: 'replica' };

/** Annotations that have Helm run the migration first, and each time anew. */
const HOOK = `metadata:
  name: chat-debug-migrate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation`;

/** Settings that follow from what is switched on; the others come from the values. */
const SETTINGS = `data:
  DATABASE_SUBGRAPH_URL: http://chat-debug-database:4001/graphql
  CHAT_DEBUG_URL: http://chat-debug-gateway:4000
  {{- if .Values.recorder.enabled }}
  RECORDER_URL: http://chat-debug-recorder:4004/graphql
  {{- end }}
  {{- if .Values.operator.enabled }}
  OPERATOR_SUBGRAPH_URL: http://chat-debug-operator:4005/graphql
  {{- end }}
  {{- range $name, $value := .Values.settings }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
`;

/** Template of one manifest, as text. */
function template(file: File): string {
  const value = NAMES[file] ?? file;
  const text = readFileSync(new URL(`${file}.yaml`, MANIFESTS), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/image: chat-debug-gateway/g, 'image: {{ .Values.image | quote }}')
    .replace(/^ {2}replicas: \d+$/m, `  replicas: {{ .Values.${value}.replicas }}`)
    .replace(/secretKeyRef: \{ name: chat-debug,/g, 'secretKeyRef: { name: {{ .Values.secret | quote }},')
    .replace('metadata: { name: chat-debug-migrate }', HOOK)
    .replace(/^data:\n(?: {2}.*\n)*/m, SETTINGS);
  const condition = ONLY_IF[file];
  return condition === undefined ? text : `{{- if ${condition} }}\n${text}{{- end }}\n`;
}

/** Templates by their file names. */
export const chartTemplates = (): ReadonlyMap<string, string> =>
  new Map(FILES.map((file) => [`${file}.yaml`, template(file)]));

if (process.argv[1] === new URL(import.meta.url).pathname) {
  mkdirSync(TEMPLATES, { recursive: true });
  for (const [name, text] of chartTemplates()) await writeFile(new URL(name, TEMPLATES), text);
}
