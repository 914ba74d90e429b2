/** The format of a bundle: what goes in, what stays out, and the files that are made from it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type FieldNode, Kind, parse, type SelectionSetNode } from 'graphql';
import { operations } from '../../../cli/debug/operations.ts';
import { changesBetween } from '../../../domain/bundle/changes.ts';
import { judge } from '../../../domain/bundle/judge.ts';
import { readBundle } from '../../../domain/bundle/read.ts';
import { LEFT_OUT } from '../../../domain/bundle/withheld.ts';
import { readSnapshot } from '../../../domain/diagnosis/snapshot.ts';
import {
  BUNDLE_SCHEMA_FILE,
  bundleSchema,
  FINGERPRINT_FILE,
  fingerprintModule,
} from '../../../scripts/bundleFormat.ts';
import { requiredFields } from '../../../subgraphs/diagnosis/requiredFields.ts';
import { bundleOf, type Fields, healthy, saidOf, throughFile } from './support/bundles.ts';

describe('files made from the code', () => {
  test('the JSON Schema is that of the format (npm run docs)', () => {
    expect(readFileSync(BUNDLE_SCHEMA_FILE, 'utf8')).toBe(bundleSchema());
  });

  test('the fingerprint is that of the rules (npm run docs)', () => {
    expect(readFileSync(FINGERPRINT_FILE, 'utf8')).toBe(fingerprintModule());
  });
});

/** Paths that a selection has, with fragments spread. */
function pathsIn(text: string, of?: string): string[] {
  const { definitions } = parse(text);
  const fragments = new Map(
    definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one.selectionSet]] : [])),
  );
  const within = (set: SelectionSetNode | undefined, path: string): string[] =>
    (set?.selections ?? []).flatMap((one) => {
      if (one.kind === Kind.FRAGMENT_SPREAD) return within(fragments.get(one.name.value), path);
      if (one.kind === Kind.INLINE_FRAGMENT) return within(one.selectionSet, path);
      return ofField(one, path);
    });
  const ofField = ({ name, selectionSet }: FieldNode, path: string) => {
    const here = path === '' ? name.value : `${path}.${name.value}`;
    return selectionSet ? within(selectionSet, here) : [here];
  };
  const [operation] = definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one] : []));
  const prefix = of === undefined ? '' : `${of}.`;
  return within(operation?.selectionSet, '')
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length));
}

describe('what is asked', () => {
  const asked = pathsIn(operations.bundle, 'chatDebugSnapshot');

  test.each(['diagnosis', 'diagnosisEverywhere'] as const)('is all that the field %s requires', (field) => {
    const required = pathsIn(`{ ${requiredFields(field)} }`);
    expect(required.length).toBeGreaterThan(80);
    expect(required.filter((path) => !asked.includes(path))).toEqual([]);
  });

  test('is kept, every field of it', () => {
    const kept = JSON.parse(bundleSchema());
    const isKept = (path: string) => {
      let here: Fields | undefined = kept.properties.snapshot;
      for (const step of path.split('.')) here = memberOf(kept, here, step);
      return here !== undefined;
    };
    expect(
      asked.filter(
        (path) => !/^(diagnosis|history)/.test(path) && !/last(Error|State)|retryState/.test(path) && !isKept(path),
      ),
    ).toEqual([]);
    expect(isKept('database.title')).toBe(false);
  });

  test('holds no title, and no text of messages and tools', () => {
    expect(
      pathsIn(operations.bundle).filter((path) => /title|content|text$|arguments|output|input/i.test(path)),
    ).toEqual(['chatDebugSnapshot.database.lastMessage.hasText']);
  });
});

/** Member of an object in a JSON Schema, whatever stands around it. */
function memberOf(root: Fields, schema: Fields | undefined, name: string): Fields | undefined {
  if (!schema) return undefined;
  const { properties, items, anyOf, $ref } = schema as Record<string, never>;
  if (typeof $ref === 'string') {
    const { $defs } = root as { $defs: Record<string, Fields> };
    return memberOf(root, $defs[String($ref).split('/').at(-1) ?? ''], name);
  }
  if (properties) return properties[name];
  if (items) return memberOf(root, items, name);
  return ((anyOf ?? []) as Fields[]).map((one) => memberOf(root, one, name)).find((one) => one !== undefined);
}

describe('events', () => {
  const node = { id: '7', at: '2026-07-01T03:12:00Z', snapshotVersion: 8, transitions: ['finishError'], by: 'WORKER' };
  const eventsOf = (history: unknown) => throughFile(bundleOf({ ...healthy(), history })).events;

  test('are kept without words, every field that is asked', () => {
    const detail = { kind: 'auth', status_code: 401, reason: 'canary', message: 'canary' };
    const events = eventsOf({ edges: [{ node: { ...node, transitions: ['finishError', 'a canary'], detail } }] });
    expect(events).toMatchObject([{ ...node, transitions: ['finishError', LEFT_OUT], detail: { kind: 'auth' } }]);
    expect(JSON.stringify(events)).not.toContain('canary');
    const asked = pathsIn(operations.bundle, 'chatDebugSnapshot.history.edges.node');
    expect(Object.keys(events?.[0] ?? {}).sort()).toEqual(asked.sort());
  });

  test('are the 100 newest, and null where no history is kept', () => {
    expect(eventsOf({ edges: Array(130).fill({ node }) })).toHaveLength(100);
    expect(eventsOf({ edges: [] })).toEqual([]);
    expect(eventsOf(null)).toBeNull();
  });
});

const withDatabase = (fields: Fields) => {
  const chat = healthy();
  return { ...chat, database: { ...chat.database, ...fields } };
};
const lastErrorOf = (lastError: unknown) => bundleOf(withDatabase({ lastError })).snapshot.database?.lastError;

describe('words', () => {
  test('of an error are left out; its kind and codes stay', () => {
    const lastError = {
      kind: 'rate_limit',
      message: 'You said: canary',
      provider: 'p',
      status_code: 429,
      retryable: true,
    };
    expect(lastErrorOf(lastError)).toEqual({ ...lastError, message: LEFT_OUT });
    expect(lastErrorOf({ kind: 'a canary, and many words' })).toMatchObject({ kind: LEFT_OUT, message: null });
    expect(lastErrorOf({ ...lastError, more: 'canary' })).not.toHaveProperty('more');
    expect(lastErrorOf('canary')).toMatchObject({ kind: null, message: null });
  });

  test.each([
    [
      'The turn broke off 5 times: the database has no room left on its disk (DISK_FULL); make room canary',
      'DISK_FULL',
    ],
    ['The turn broke off 5 times: TypeError', 'TypeError'],
  ])('of the worker keep what the advice goes by: %s', (message, kept) => {
    const chat = {
      ...withDatabase({ status: 'error', lastError: { kind: 'internal', message } }),
      executionState: 'E0',
    };
    const bundle = throughFile(bundleOf(chat));
    const shown = JSON.stringify(bundle);
    expect(shown).toContain(kept);
    expect(shown).not.toContain('canary');
    const live = saidOf(chat).findings.map(({ suggestion }) => suggestion);
    expect(bundle.diagnosis?.findings.map(({ suggestion }) => suggestion)).toEqual(live);
    expect(live[0]).toMatch(/disk|TypeError/);
  });

  test('of a provider that quotes the worker are left out', () => {
    const message = 'broke off again: the database canary (CANARY); and canary';
    expect(lastErrorOf({ kind: 'server', message })).toMatchObject({ message: LEFT_OUT });
    const quoted = lastErrorOf({ kind: 'internal', message: 'broke off again: my, canary is: canary-words!' });
    expect(quoted).toMatchObject({ message: LEFT_OUT });
  });
});

/** Places of all values that are no objects and no lists. */
const leavesOf = (value: unknown, path: readonly string[] = []): (readonly string[])[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, member]) => leavesOf(member, [...path, name]))
    : [path];

const valueAt = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((here, name) => (here as Fields)[name], value);

/** Copy with another value at one place. */
function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  const members = Object.entries(value as Fields).map(([key, member]) => [
    key,
    key === name ? replaced(member, rest, by) : member,
  ]);
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
}

describe('a value of the wrong type', () => {
  const whole = JSON.parse(JSON.stringify(bundleOf({ ...healthy(), everywhere: [healthy().runtime] })));
  const NEEDED = /^(format|snapshot\.chatId)$/;
  const places = leavesOf(whole).filter((path) => !NEEDED.test(path.join('.')));

  test('costs only itself, at every place of the halves, and the rules can be run', () => {
    const ofHalves = places.filter((path) => path[0] === 'snapshot' && valueAt(whole, path) !== null);
    expect(ofHalves.length).toBeGreaterThan(50);
    for (const path of ofHalves) {
      const odd = typeof valueAt(whole, path) === 'string' ? 7 : 'odd';
      const read = readBundle(JSON.stringify(replaced(whole, path, odd)));
      const wanted = replaced(whole, path, null);
      expect([path, JSON.parse(JSON.stringify(read))]).toEqual([path, wanted]);
      expect(judge(read, 'owner').verdict).toEqual(expect.any(String));
    }
  });

  test('never keeps a bundle from being read, judged and compared', () => {
    const ODD = [{ odd: 1 }, [null], 'odd', -1, true];
    for (const [i, path] of places.entries()) {
      const read = readBundle(JSON.stringify(replaced(whole, path, ODD[i % ODD.length])));
      judge(read, 'everywhere');
      changesBetween(read, bundleOf(healthy()));
    }
  });

  test('costs only itself in a replica’s row as well', () => {
    const odd = {
      ...healthy(),
      takenAt: 'yesterday',
      database: { ...healthy().database, queueDepth: 'many', turn: 7 },
    };
    const { snapshot } = bundleOf(odd, { replicas: [{ id: 'a', isAlive: 'yes', error: { canary: 1 } }] });
    expect(snapshot).toMatchObject({ takenAt: null, executionState: 'R0' });
    expect(snapshot.database).toMatchObject({ queueDepth: null, turn: null, status: 'running' });
    expect(readSnapshot(snapshot).runtime).toEqual(readSnapshot(healthy()).runtime);
  });
});
