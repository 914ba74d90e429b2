import { describe, expect, test } from '@jest/globals';
import { placeErrors, unexplainedBy } from '../../../gateway/execution/errorPlaces.ts';

const error = (code: string, ...path: (string | number)[]) => ({ message: 'x', path, extensions: { code } });
const paths = (data: unknown, ...errors: ReturnType<typeof error>[]) =>
  placeErrors(data, errors).placed.map(({ path }) => path?.join('.'));

describe('an error', () => {
  test('of a field that the client selected stays, also below a list and above what is null', () => {
    const data = { list: [null, { a: null }], lost: null };
    expect(paths(data, error('X', 'list', 1, 'a'), error('X', 'lost', 'below', 0), error('X', 'list', 0, 'b'))).toEqual(
      ['list.1.a', 'lost.below.0', 'list.0.b'],
    );
  });

  test('of a field that the client did not select is told once, without a path', () => {
    const data = { chats: [{ diagnosis: {} }, { diagnosis: {} }] };
    const at = (code: string, ...path: (string | number)[]) => ({ ...error(code, 'chats', ...path), asked: 2 });
    const errors = [at('X', 0, 'database', 'turn'), at('X', 1, 'database', 'turn'), at('Y', 1, 'database')];
    expect(placeErrors(data, errors)).toEqual({
      placed: [],
      required: [
        { message: 'x', extensions: { code: 'X' } },
        { message: 'x', extensions: { code: 'Y' } },
      ],
    });
    expect(placeErrors({ chats: [{}] }, [error('X', 'chats', 0, 'skipped')]).required).toHaveLength(1);
  });

  test('of a field under a name that the client gave another does not stand there', () => {
    const data = { chat: { database: { status: 'x' }, diagnosis: {} } };
    const { placed, required } = placeErrors(data, [{ ...error('X', 'chat', 'database', 'status'), asked: 1 }]);
    expect([placed, required]).toEqual([[], [{ message: 'x', extensions: { code: 'X' } }]]);
    const above = placeErrors({ chat: null }, [{ ...error('X', 'chat', 'database', 'status'), asked: 1 }]);
    expect(above.placed.map(({ path }) => path)).toEqual([['chat']]);
  });

  test('goes away where whoever required the field says what it means', () => {
    const data = { chat: { diagnosis: {}, runtime: { phase: 'x' } } };
    const errors = [
      { ...error('FORBIDDEN', 'chat', 'everywhere'), asked: 1 },
      { ...error('FIELD_UNSUPPORTED', 'chat', 'runtime', 'runners'), asked: 2 },
      { ...error('VALUE_UNREADABLE', 'chat', 'database', 'retryState'), asked: 1 },
      { ...error('REPLICA_TIMED_OUT', 'chat', 'everywhere', 0, 'runners'), asked: 1 },
      { ...error('REPLICA_TIMED_OUT', 'chat', 'runtime', 'runners'), asked: 2 },
    ];
    expect(placeErrors(data, errors)).toEqual({ placed: [], required: [] });
  });

  test('of a replica that did not answer stands on the first field that the client lost by it', () => {
    const runtime = { reachability: {}, second: null, first: null };
    expect(paths({ chat: { runtime } }, error('REPLICA_TIMED_OUT', 'chat', 'runtime', 'first'))).toEqual([
      'chat.runtime.second',
    ]);
    expect(paths({ chat: { runtime } }, error('REPLICA_REFUSED', 'chat', 'runtime', 'gone'))).toEqual([
      'chat.runtime.second',
    ]);
    expect(
      paths({ chat: { runtime: { reachability: {} } } }, error('REPLICA_UNKNOWN', 'chat', 'runtime', 'gone')),
    ).toEqual([]);
  });

  test('of fields that an earlier version lacks stays on the first that the client selected, once a chat', () => {
    const data = {
      chat: {
        runtime: {
          tasks: [
            { cancelledAt: null, label: null },
            { cancelledAt: null, label: null },
          ],
        },
      },
    };
    const at = (...path: (string | number)[]) => error('FIELD_UNSUPPORTED', 'chat', 'runtime', 'tasks', ...path);
    expect(paths(data, at(0, 'breakOffs'))).toEqual([]);
    expect(paths(data, at(0, 'breakOffs'), at(0, 'label'), at(1, 'label'))).toEqual(['chat.runtime.tasks.0.label']);
  });

  test('without a path, or of an answer without data, stays as it is', () => {
    expect(placeErrors({ a: 1 }, [{ message: 'x' }]).placed).toEqual([{ message: 'x' }]);
    expect(paths(null, error('X', 'a'))).toEqual(['a']);
    expect(paths(undefined, error('X', 'a'))).toEqual(['a']);
  });
});

describe('a loss', () => {
  const unexplained = (data: unknown, ...lost: (string | number)[][]) =>
    unexplainedBy(
      [error('X', 'list', 0, 'name')],
      data,
      lost.map((path) => ({ path })),
    ).map(({ path }) => path.join('.'));

  test('is explained by an error below the null that came of both', () => {
    expect(unexplained(null, ['other'])).toEqual([]);
    expect(unexplained({ list: null, other: null }, ['list', 1, 'name'], ['other'])).toEqual(['other']);
    expect(unexplained({ list: [null, null] }, ['list', 0, 'id'], ['list', 1, 'name'])).toEqual(['list.1.name']);
  });
});
