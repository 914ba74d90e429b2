import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  buildSchema,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isObjectType,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { snapshotDocument } from '../../gateway/http/snapshotDocument.ts';
import { SNAPSHOT_OPERATION } from '../../gateway/queries/snapshotOperation.ts';

const supergraph = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');
const schema = buildSchema(supergraph, { assumeValid: true });
const operation = parse(SNAPSHOT_OPERATION);

/** Fields that the operation selects, by type. */
function selectedFields(): Map<string, Set<string>> {
  const selected = new Map<string, Set<string>>();
  const types = new TypeInfo(schema);
  visit(
    operation,
    visitWithTypeInfo(types, {
      Field: ({ name }) => {
        const parent = types.getParentType()?.name ?? '';
        selected.set(parent, (selected.get(parent) ?? new Set()).add(name.value));
      },
    }),
  );
  return selected;
}

const object = (name: string) => schema.getType(name) as GraphQLObjectType;
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Members that an object of this type must have in the document. */
const membersOf = (type: string) => new Set(Object.keys(object(type).getFields()).map(snake));

/** An answer in which nothing is null, with every field that is selected, or made of it by `leaf`. */
function wholeAnswer(leaf: (type: string, field: string, value: unknown) => unknown = (_t, _f, value) => value) {
  const selected = selectedFields();
  const fieldOf = (parent: string, field: string, type: GraphQLOutputType): unknown => {
    const nullable = getNullableType(type);
    if (isListType(nullable)) return [fieldOf(parent, field, nullable.ofType)];
    if (isObjectType(nullable)) return objectOf(nullable);
    if (isEnumType(nullable)) return leaf(parent, field, nullable.getValues()[0]?.name);
    const scalars: Record<string, unknown> = { Int: 1, Float: 1.5, SafeInt: 1, Boolean: true, JSON: { someKey: 'A' } };
    return leaf(parent, field, scalars[getNamedType(nullable).name] ?? 'text');
  };
  const objectOf = (type: GraphQLObjectType) =>
    Object.fromEntries(
      [...(selected.get(type.name) ?? [])].map((field) => {
        const definition = type.getFields()[field];
        if (!definition) throw new Error(`${type.name} has no ${field}`);
        return [field, fieldOf(type.name, field, definition.type)];
      }),
    );
  return { chatDebugSnapshot: objectOf(object('ChatDebugSnapshot')) };
}

describe('the document', () => {
  test('its operation is valid, and selects every field of the runtime half', () => {
    expect(validate(schema, operation)).toEqual([]);
    const selected = selectedFields();
    for (const type of ['RunnerSnapshot', 'RunnerTask', 'RunnerLease', 'MessageBufferSnapshot', 'Reachability']) {
      expect([type, selected.get(type)]).toEqual([type, new Set(Object.keys(object(type).getFields()))]);
    }
    const ofChat = new Set(Object.keys(object('ChatRuntime').getFields()));
    ofChat.delete('chatId'); // it is in the path of the request
    expect(selected.get('ChatRuntime')).toEqual(ofChat);
  });

  test('has a member in snake_case for every field that is selected, and enums in lower case', () => {
    const enums: unknown[] = [];
    const answer = wholeAnswer((type, field, value) => {
      const definition = object(type).getFields()[field];
      if (definition && isEnumType(getNamedType(definition.type))) enums.push(`${type}.${field}`);
      return value;
    });
    expect(enums).toContain('RunnerTask.kind');
    const { status, body } = snapshotDocument({ data: answer });
    expect(status).toBe(200);
    const { chatDebugSnapshot: given } = answer;
    expect(body.execution_state).toBe('W');
    expect(Object.keys(body.database as object)).toEqual(Object.keys(given.database as object).map(snake));
    const runtime = body.runtime as Record<string, unknown>;
    const { reachability: _, ...memory } = given.runtime as Record<string, unknown>;
    expect(Object.keys(runtime)).toEqual(Object.keys(memory).map(snake));
    const [runner] = runtime.runners as Record<string, unknown>[];
    expect(new Set(Object.keys(runner ?? {}))).toEqual(membersOf('RunnerSnapshot'));
    expect(runner).toMatchObject({
      phase: 'starting',
      active_task_kind: 'generation',
      active_task: { kind: 'generation', seconds_since_progress: 1.5, last_error: 'text' },
      tasks: [{ kind: 'generation', next_retry_at: 'text' }],
      lease: { stale_after_seconds: 1.5, consecutive_failures: 1 },
    });
    const [buffer] = runtime.message_buffers as object[];
    expect(new Set(Object.keys(buffer ?? {}))).toEqual(membersOf('MessageBufferSnapshot'));
    const text = JSON.stringify(body);
    expect(text.replaceAll('someKey', '')).not.toMatch(/"[a-z_]*[A-Z][A-Za-z_]*":/);
    expect(text.match(/"[A-Z][A-Z_0-9]+"/g)).toEqual(null);
  });

  test('leaves what is inside the JSON of a row as it is', () => {
    const { body } = snapshotDocument({ data: wholeAnswer() });
    expect(body.database).toMatchObject({ last_error: { someKey: 'A' }, retry_state: { someKey: 'A' } });
  });

  test('counts messages under whatever names roles have', () => {
    const roles = ['user', '__proto__', 'constructor', 'camelCase', 'toString', ''];
    const answer = wholeAnswer();
    const half = answer.chatDebugSnapshot.database as Record<string, unknown>;
    half.messageStats = { total: 21, deleted: 0, byRole: roles.map((role, i) => ({ role, count: i + 1 })) };
    const { body } = snapshotDocument({ data: answer });
    expect(JSON.stringify(body)).toContain(
      '"by_role":{"user":1,"__proto__":2,"constructor":3,"camelCase":4,"toString":5,"":6}',
    );
  });

  test('keeps the database half when counting the messages took too long', () => {
    const answer = wholeAnswer();
    Object.assign(answer.chatDebugSnapshot.database as object, { messageStats: null });
    const { status, body } = snapshotDocument({ data: answer });
    expect([status, body.database]).toEqual([200, expect.objectContaining({ message_stats: null, status: 'text' })]);
  });

  test.each([
    [
      'an error about a part of the database half',
      [{ message: 'm', path: ['chatDebugSnapshot', 'database', 'heartbeat'] }],
    ],
    ['an error without a place', [{ message: 'm' }]],
  ])('%s is a 500: a null there would be read as nothing', (_, errors) => {
    const { status, body } = snapshotDocument({ data: wholeAnswer(), errors });
    expect([status, Object.keys(body)]).toEqual([500, ['message', 'detail', 'code']]);
  });

  test('where no replica is asked at all, that is said in a 200; in a 503 for whoever requires the runtime half', () => {
    const answer = wholeAnswer();
    const runtime = answer.chatDebugSnapshot.runtime as Record<string, unknown>;
    Object.assign(runtime, { runners: null, reachability: { status: 'NOT_ASKED', elapsedMs: 0 } });
    const document = {
      ...{ execution_state: 'W', runtime: null, reachability: { status: 'not_asked', elapsed_ms: 0 } },
      database: expect.objectContaining({
        status: 'text',
        heartbeat: { age_seconds: 1.5, heartbeat_at: 'text', is_stale: true, runner_id: 'text' },
      }),
    };
    expect(snapshotDocument({ data: answer })).toEqual({ status: 200, body: document });
    expect(snapshotDocument({ data: answer }, { isRuntimeRequired: true })).toEqual({
      status: 503,
      body: { ...document, message: expect.any(String), detail: expect.any(String), code: 'RUNTIME_DISABLED' },
    });
  });

  test('a value that could not be read costs only itself, and the document names it', () => {
    const answer = wholeAnswer();
    const half = answer.chatDebugSnapshot.database as Record<string, unknown>;
    Object.assign(half, { updatedAt: null, heartbeat: { ageSeconds: null }, unreadable: ['updatedAt', 'heartbeat'] });
    const at = (...path: string[]) => ({ message: 'm', path: ['chatDebugSnapshot', 'database', ...path] });
    const errors = [at('updatedAt'), at('heartbeat', 'ageSeconds')];
    const { status, body } = snapshotDocument({ data: answer, errors });
    expect([status, body.database]).toEqual([
      200,
      expect.objectContaining({ status: 'text', updated_at: null, unreadable: ['updated_at', 'heartbeat'] }),
    ]);
    expect(snapshotDocument({ data: answer, errors: [...errors, at('createdAt')] }).status).toBe(500);
  });

  test('fields that the version of the owner lacks are null; all else is whole', () => {
    const path = ['chatDebugSnapshot', 'runtime', 'runners', 0, 'activeTask', 'label'];
    const errors = [{ message: 'm', path, extensions: { code: 'FIELD_UNSUPPORTED' } }];
    const { status, body } = snapshotDocument({ data: wholeAnswer(), errors });
    expect([status, body.runtime]).toEqual([200, expect.objectContaining({ runners: expect.any(Array) })]);
  });

  test('a value of the owner that cannot be read is null; all else is whole', () => {
    const at = (...path: (string | number)[]) => {
      return {
        message: 'm',
        path: ['chatDebugSnapshot', 'runtime', ...path],
        extensions: { code: 'VALUE_UNREADABLE' },
      };
    };
    const errors = [at('observedAt'), at('runners', 0, 'activeTask', 'startedAt')];
    const answer = wholeAnswer();
    const runtime = answer.chatDebugSnapshot.runtime as Record<string, unknown>;
    Object.assign(runtime, { observedAt: null, reachability: { status: 'OK' } });
    const { status, body } = snapshotDocument({ data: answer, errors });
    expect([status, body.runtime]).toEqual([
      200,
      expect.objectContaining({ observed_at: null, runners: [expect.anything()] }),
    ]);
    Object.assign(runtime, { runners: null }); // would be read as none that was told of
    expect(snapshotDocument({ data: answer, errors })).toMatchObject({
      status: 502,
      body: { code: 'VALUE_UNREADABLE' },
    });
  });

  test('an answer of the owner that lacks something is a 502', () => {
    const path = ['chatDebugSnapshot', 'runtime', 'runners', 0, 'status'];
    const errors = [{ message: 'm', path, extensions: { code: 'INTERNAL_SERVER_ERROR' } }];
    const { status, body } = snapshotDocument({ data: wholeAnswer(), errors });
    expect([status, body.runtime, body.code]).toEqual([502, null, 'INTERNAL_SERVER_ERROR']);
  });
});
