import { describe, expect, test } from '@jest/globals';
import { placedErrors } from '../../gateway/errorPlaces.ts';

const error = (code: string, ...path: (string | number)[]) => ({ message: 'x', path, extensions: { code } });
const paths = (data: unknown, ...errors: ReturnType<typeof error>[]) =>
  placedErrors(data, errors).map(({ path }) => path?.join('.'));

describe('an error', () => {
  test('of a field that the client selected stays, also below a list and above what is null', () => {
    const data = { list: [null, { a: null }], lost: null };
    expect(paths(data, error('X', 'list', 1, 'a'), error('X', 'lost', 'below', 0), error('X', 'list', 0, 'b'))).toEqual(
      ['list.1.a', 'lost.below.0', 'list.0.b'],
    );
  });

  test('of a field that the client did not select goes away', () => {
    const data = { chat: { diagnosis: {}, runtime: { phase: 'x' } } };
    expect(paths(data, error('FORBIDDEN', 'chat', 'everywhere'), error('X', 'chat', 'runtime', 'runners'))).toEqual([]);
    expect(paths(data, error('REPLICA_TIMED_OUT', 'chat', 'everywhere', 0, 'runners'))).toEqual([]);
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
    expect(placedErrors({ a: 1 }, [{ message: 'x' }])).toEqual([{ message: 'x' }]);
    expect(paths(null, error('X', 'a'))).toEqual(['a']);
    expect(paths(undefined, error('X', 'a'))).toEqual(['a']);
  });
});
