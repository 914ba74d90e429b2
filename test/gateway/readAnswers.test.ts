import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readReplicaAnswer } from '../../routing/ask/replicaAnswer.ts';
import { readAnswer } from '../../routing/transport/subgraphAnswer.ts';

const json = (body: unknown) =>
  ({ status: 'OK', httpStatus: 200, what: 'JSON', body: JSON.parse(JSON.stringify(body)) }) as const;

/** What is read of a replica that was asked about so many entities. */
const ofReplica = (reply: ReturnType<typeof json>, expected: number) => {
  const representations = Array.from({ length: expected }, () => ({}));
  return readReplicaAnswer({ replicaId: '', representations, places: [] }, reply, 1_000);
};

/** JSON that is mostly near to an answer without errors; its text, since `__proto__` is a key like any other there. */
const bodies = fc
  .oneof(
    fc.record({ data: fc.jsonValue(), extensions: fc.jsonValue() }, { requiredKeys: [] }),
    fc.record({ data: fc.record({ _entities: fc.jsonValue() }, { requiredKeys: [] }) }),
    fc.record({ data: fc.record({ _entities: fc.array(fc.jsonValue(), { maxLength: 2 }), more: fc.jsonValue() }) }),
    fc.jsonValue(),
  )
  .map((body) => JSON.stringify(body));
const textWith = (key: string) => bodies.map((text) => text.replace('"more"', JSON.stringify(key)));
const texts = fc.constantFrom('more', '__proto__', 'constructor', 'hasOwnProperty').chain(textWith);

/** The same answer with an empty list of errors, which is read by the schema; undefined: it can have none. */
function withErrors(text: string): unknown {
  const body: unknown = JSON.parse(text);
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return isObject && !Object.hasOwn(body, 'errors') ? { ...body, errors: [] } : undefined;
}

test('an answer of a replica without errors is read as one with an empty list of them', () => {
  let read = 0;
  fc.assert(
    fc.property(texts, fc.nat(2), (text, expected) => {
      const same = withErrors(text);
      if (same === undefined) return;
      const answer = ofReplica({ ...json(null), body: JSON.parse(text) }, expected);
      expect(answer).toEqual(ofReplica({ ...json(null), body: same }, expected));
      if (answer.outcome.status === 'OK') read += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(50);
});

test('an answer of a subgraph without errors is read as one with an empty list of them', () => {
  let read = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const same = withErrors(text);
      if (same === undefined) return;
      const answer = readAnswer({ ...json(null), body: JSON.parse(text) });
      const { errors, ...expected } = readAnswer({ ...json(null), body: same }) ?? {};
      expect(JSON.stringify(answer ?? {})).toBe(JSON.stringify(expected));
      if (answer) read += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(read).toBeGreaterThan(50);
});

test.each(['{}', '{"errors":[]}', '{"errors":[{"message":"m"}]}'])(
  'a field that a client calls `__proto__` is read, beside %s, too',
  (beside) => {
    const body = { ...JSON.parse('{"data":{"__proto__":{"chatId":"c"},"other":null}}'), ...JSON.parse(beside) };
    const answer = readAnswer({ ...json(null), body });
    expect(JSON.stringify(answer?.data)).toBe('{"__proto__":{"chatId":"c"},"other":null}');
  },
);

test.each([null, 'x', [], {}, { data: null }, { data: [] }, { data: 1 }, { errors: null }])(
  'what is no answer to a GraphQL request is none: %j',
  (body) => {
    expect(readAnswer(json(body))).toBeUndefined();
    expect(ofReplica(json(body), 0).outcome.status).toBe('BAD_ANSWER');
  },
);

const ODD_ERRORS = [null, 'x', 7, [], [null], ['x'], [{}], [{ message: 7 }], { message: 'm' }, {}, [[]]];

test.each(ODD_ERRORS)('errors that are none cost nothing of the data: %j', (errors) => {
  const told = errors === null || (Array.isArray(errors) && errors.length === 0) ? 0 : 1;
  const answer = readAnswer(json({ data: { chats: null }, errors }));
  expect([answer?.data, answer?.errors?.length ?? 0]).toEqual([{ chats: null }, told]);
  const replica = ofReplica(json({ data: { _entities: [{}] }, errors }), 1);
  expect([replica.entities, replica.errors.length]).toEqual([[{}], told]);
});

test('what is odd about one error costs nothing of the others', () => {
  const good = { message: 'm', path: ['a', 0], extensions: { code: 'X' } };
  const errors = [{ path: ['b'] }, good, { message: 'n', path: [{}], extensions: [] }, { message: 'o', path: [1.5] }];
  const unsaid = expect.any(String);
  const read = [{ message: unsaid, path: ['b'] }, good, { message: 'n' }, { message: 'o' }];
  expect(readAnswer(json({ data: {}, errors }))).toEqual({ data: {}, errors: read });
  expect(ofReplica(json({ data: { _entities: [] }, errors }), 0)).toMatchObject({ entities: [], errors: read });
});

test.each([0, 1])("a replica's error is cut between two characters of it, %d before them", (more) => {
  const errors = [{ message: `${'x'.repeat(more)}${'😀'.repeat(600)}` }];
  const [error] = ofReplica(json({ data: { _entities: [] }, errors }), 0).errors;
  expect(error?.message.length).toBeLessThanOrEqual(500);
  expect(error?.message).not.toMatch(/\p{Cs}/u);
});
