import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import {
  type Outcome,
  type Representation,
  type Share,
  type ShareAnswer,
  withoutAnswer,
} from '../../routing/ask/share.ts';
import { type EntityRequest, makeReadEntityRequest } from '../../routing/entityRequest.ts';
import { makeJoin } from '../../routing/join.ts';
import { type Routing, readRouting } from '../../routing/routedTypes.ts';
import { splitRepresentations } from '../../routing/split.ts';
import { errorCodeOf } from '../../routing/transport/status.ts';

const supergraph = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');
const routing = readRouting(buildSchema(supergraph, { assumeValid: true })).get('runtime') as Routing;

function joined(of: Routing, request: EntityRequest, answers: readonly ShareAnswer[]) {
  const failures: unknown[] = [];
  const join = makeJoin(of, request, (error) => failures.push(error));
  for (const answer of answers) join.add(answer);
  const { data, errors } = join.whole();
  return { failures, errors, entities: data?._entities ?? [] };
}

/** Everything that can stand in the way of a naive projection, for both routed types. */
const QUERY = `
  query ($representations: [_Any!]!, $yes: Boolean!, $no: Boolean = false) {
    _entities(representations: $representations) {
      __typename
      ... on ChatRuntime { ...Chat about: chatId }
      ... on ReplicaRuntime { how: reachability { status } n: runnerCount @include(if: $yes) runnerCount }
    }
  }
  fragment Chat on ChatRuntime {
    kind: __typename
    how: reachability { s: status kind: __typename ...Rest }
    absent: runners @include(if: $no) { runnerId }
    gone: eventLoopDelayMs @skip(if: $yes)
    held: runners { id: runnerId }
    ... on ChatRuntime { reachability { elapsedMs } }
    runners { runnerId }
  }
  fragment Rest on Reachability { why: reason address @include(if: $yes) s: status }`;

const FIRST_LOST: Record<string, string> = { ChatRuntime: 'held', ReplicaRuntime: 'n' };

const entityRequest = (representations: readonly Representation[], query = QUERY): EntityRequest =>
  makeReadEntityRequest(routing.schema)({ query, variables: { representations, yes: true } }) as EntityRequest;

/** An id for each pair of a chat and a replica. */
const runnerOf = ({ chatId, workerId }: Representation) =>
  `${String(chatId).slice(0, -2)}${String(workerId).slice(-1)}${String(chatId).slice(-1)}`;

/** Answer of a replica to QUERY about one representation; it says of itself what it likes. */
function ownAnswer(representation: Representation): Record<string, unknown> {
  const [mark, { length }] = [runnerOf(representation), JSON.stringify(representation)];
  if (representation.__typename === 'ReplicaRuntime') {
    return { __typename: 'ReplicaRuntime', how: { status: 'BAD_ANSWER' }, n: length, runnerCount: length };
  }
  return {
    __typename: 'ChatRuntime',
    kind: 'ChatRuntime',
    about: representation.chatId,
    how: { s: 'REFUSED', kind: 'Reachability', why: 'its own', address: 'its own' },
    held: [{ id: mark }],
    reachability: { elapsedMs: -1 },
    runners: [{ runnerId: mark }],
  };
}

/** Entity expected in the place of a representation. */
function expected(representation: Representation, outcome: Outcome, answered: boolean): Record<string, unknown> {
  const own = ownAnswer(representation);
  if (representation.__typename === 'ReplicaRuntime') {
    return {
      ...(answered ? own : { ...representation, n: null, runnerCount: null }),
      how: { status: outcome.status },
    };
  }
  const how = { s: outcome.status, kind: 'Reachability', why: outcome.reason, address: outcome.address };
  const filled = { kind: 'ChatRuntime', about: representation.chatId, how };
  const reachability = { elapsedMs: outcome.elapsedMs };
  return answered
    ? { ...own, ...filled, reachability }
    : { ...representation, ...filled, reachability, held: null, runners: null };
}

const id = (kind: number, n: number) => `${kind}0000000-0000-4000-8000-00000000000${n}`;
const workers = fc.integer({ min: 0, max: 3 }).map((n) => id(1, n));
const representations = fc.array(
  fc.oneof(
    fc.record({
      __typename: fc.constant('ChatRuntime'),
      chatId: fc.integer({ min: 0, max: 4 }).map((n) => id(2, n)),
      workerId: workers,
    }),
    fc.record({ __typename: fc.constant('ReplicaRuntime'), workerId: workers }),
  ),
  { maxLength: 30 },
);

const FAILURES = ['UNREACHABLE', 'TIMED_OUT', 'UNKNOWN_REPLICA', 'STOPPED', 'REFUSED', 'BAD_ANSWER', 'CIRCUIT_OPEN'];
const SILENT = 'NOT_ASKED';
const outcomes = fc.record({
  status: fc.constantFrom(...FAILURES, SILENT, 'OK', 'OK', 'OK') as fc.Arbitrary<Outcome['status']>,
  elapsedMs: fc.nat(2000),
  address: fc.constantFrom(null, 'http://192.0.2.1:1'),
  reason: fc.constantFrom(null, 'So it is.'),
});
/** Ways in which a replica answers one representation. */
const whims = fc.constantFrom('good', 'good', 'good', 'null', 'no list', 'other type', 'key missing', 'error');

function answerOf(share: Share, outcome: Outcome, whim: (j: number) => string): ShareAnswer {
  if (outcome.status !== 'OK') return { share, outcome, attempts: 1, errors: [] };
  const errors = share.representations.flatMap(({ __typename }, j) => {
    const path = ['_entities', j, FIRST_LOST[String(__typename)] ?? '', 7];
    return whim(j) === 'error' ? [{ message: 'its own error', path, extensions: { code: 'X' } }] : [];
  });
  const entities = share.representations.map((representation, j) => {
    const own = ownAnswer(representation);
    const wrong: Record<string, unknown> = {
      null: null,
      'no list': representation.__typename === 'ChatRuntime' ? { ...own, held: 'x' } : [],
      'other type': { ...own, __typename: 'Replica' },
      'key missing': { __typename: own.__typename },
    };
    return whim(j) in wrong ? wrong[whim(j)] : own;
  });
  return { share, outcome, attempts: 1, entities, errors };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const below of Object.values(value)) deepFreeze(below);
  return Object.freeze(value);
}

/** Objects and lists, all the way down. */
function parts(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(parts)];
}

describe('splitting', () => {
  test('every representation is in exactly one share, at its replica, and none is asked for twice', () => {
    fc.assert(
      fc.property(representations, (list) => {
        const shares = splitRepresentations(routing, deepFreeze(list));
        const placed = new Map<number, Representation>();
        for (const share of shares) {
          expect(new Set(share.representations.map((r) => JSON.stringify(r))).size).toBe(share.representations.length);
          for (const [j, representation] of share.representations.entries()) {
            expect(representation.workerId).toBe(share.replicaId);
            for (const place of share.places[j] ?? []) placed.set(place, representation);
          }
        }
        expect(new Set(shares.map((share) => share.replicaId)).size).toBe(shares.length);
        expect(list.map((_, place) => placed.get(place))).toEqual(list);
        expect(shares.flatMap((share) => share.places.flat())).toHaveLength(list.length);
      }),
    );
  });

  test('a representation that names no replica is a share of its own, not an exception', () => {
    const list = [{ __typename: 'ChatRuntime', chatId: id(2, 1) }, { __typename: 'Unheard' }];
    expect(splitRepresentations(routing, list).map((share) => share.replicaId)).toEqual(['']);
  });
});

describe('joining', () => {
  test('any list and any failures: same length, same order, the right error on the right chat, never null', () => {
    fc.assert(
      fc.property(
        representations,
        fc.array(outcomes, { minLength: 8, maxLength: 8 }),
        fc.infiniteStream(whims),
        (list, drawn, stream) => {
          const request = entityRequest(deepFreeze(list));
          const shares = deepFreeze(splitRepresentations(routing, list));
          const asked = shares.map((share, s) => {
            const outcome = drawn[s] as Outcome;
            const ofShare = share.representations.map(() => stream.next().value as string);
            const { entities, ...answer } = answerOf(share, outcome, (j) => ofShare[j] ?? '');
            return { outcome, whims: ofShare, entities, answer: deepFreeze(answer) };
          });
          const before = JSON.stringify([list, shares, asked.map(({ answer }) => answer)]);

          const answers = asked.map(({ answer, entities }) => ({ ...answer, ...(entities && { entities }) }));
          const { entities, errors } = joined(routing, request, answers);

          expect(entities).toHaveLength(list.length);
          for (const [place, representation] of list.entries()) {
            const s = shares.findIndex((share) => share.replicaId === representation.workerId);
            const j = shares[s]?.places.findIndex((places) => places.includes(place)) ?? -1;
            const { outcome, whims: ofShare } = asked[s] as (typeof asked)[number];
            const whim = outcome.status === 'OK' ? (ofShare[j] ?? '') : 'unanswered';
            const answered = whim === 'good' || whim === 'error';
            const real: Outcome =
              outcome.status === 'OK' && !answered
                ? { ...outcome, status: 'BAD_ANSWER', reason: 'It answered, but not what was asked.' }
                : outcome;
            expect({ ...entities[place] }).toEqual(expected(representation, real, answered));

            const key = FIRST_LOST[representation.__typename] ?? '';
            const lost = real.status === SILENT ? [] : [['_entities', place, key]];
            const paths = { good: [], error: [['_entities', place, key, 7]] }[whim] ?? lost;
            const here = errors.filter((error) => error.path?.[1] === place);
            expect(here.map((error) => error.path)).toEqual(paths);
            for (const error of here) {
              expect(error.extensions).toEqual({
                code: whim === 'error' ? 'X' : errorCodeOf(real.status),
                workerId: representation.workerId,
                chatIds: 'chatId' in representation ? [representation.chatId] : [],
              });
            }
          }
          expect(errors.every((error) => Number(error.path?.[1]) < list.length)).toBe(true);
          expect(JSON.stringify([list, shares, asked.map(({ answer }) => answer)])).toBe(before);
        },
      ),
    );
  });

  test('no object of the result stands in two places, nor belongs to the representations', () => {
    fc.assert(
      fc.property(representations, fc.array(outcomes, { minLength: 8, maxLength: 8 }), (list, drawn) => {
        const shares = splitRepresentations(routing, list);
        const answers = shares.map((share, s) => answerOf(share, drawn[s] as Outcome, () => 'good'));
        const result = parts(joined(routing, entityRequest(list), answers).entities);
        expect(new Set([...result, ...parts(list)]).size).toBe(result.length + new Set(parts(list)).size);
      }),
    );
  });

  const chat = { __typename: 'ChatRuntime', chatId: id(2, 1), workerId: id(1, 1) };
  const TIMED_OUT: Outcome = { status: 'TIMED_OUT', elapsedMs: 1000, address: null, reason: 'No answer.' };
  type Said = Partial<ShareAnswer> & { outcome: Outcome };
  const join = (selection: string, said: Said, list: Representation[] = [chat]) => {
    const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime { ${selection} } } }`;
    const [share] = splitRepresentations(routing, list);
    if (!share) throw new Error('nothing is asked');
    return joined(routing, entityRequest(list, query), [{ ...withoutAnswer(share, 'OK', null), ...said }]);
  };

  test('who selects only the outcome, keys and __typename gets no error', () => {
    const { entities, errors } = join('__typename reachability { status } w: workerId chatId', {
      outcome: TIMED_OUT,
    });
    expect(errors).toEqual([]);
    expect({ ...entities[0] }).toEqual({ ...chat, w: chat.workerId, reachability: { status: 'TIMED_OUT' } });
  });

  test('what a refusal tells is filled in by field name, under every alias, and the rest is null', () => {
    const { entities, errors } = join(
      'same: workerIdMatchesLocal who: localWorkerId late: runners { runnerId } observedAt',
      {
        outcome: { ...TIMED_OUT, status: 'REFUSED' },
        fields: { localWorkerId: id(1, 2), workerIdMatchesLocal: false, runners: 'not a leaf', chatId: 'not a key' },
      },
    );
    expect({ ...entities[0] }).toEqual({
      ...chat,
      same: false,
      who: id(1, 2),
      late: null,
      observedAt: null,
    });
    expect(errors.map((error) => [error.path, error.extensions?.code])).toEqual([
      [['_entities', 0, 'late'], 'REPLICA_REFUSED'],
    ]);
  });

  test("a replica's words go through with BAD_USER_INPUT only; its other errors are said in words of our own", () => {
    const said = 'An id is 8-4-4-4-12 hexadecimal digits. Received "x".';
    const codes = ['BAD_USER_INPUT', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR', undefined];
    const { errors } = join('observedAt', {
      outcome: { ...TIMED_OUT, status: 'OK' },
      entities: [{ observedAt: null }],
      errors: codes.map((code) => ({ message: said, ...(code && { extensions: { code } }) })),
    });
    const own = `Replica ${chat.workerId} answered with an error. Its log says more.`;
    expect(errors.map(({ message }) => message)).toEqual([said, 'This needs the role chat-debug:read-all.', own, own]);
  });

  test.each([
    'SELECT at http://192.0.2.1',
    'No value at http://worker/ is an id',
    'connect 10.0.0.7',
    'fe80::1:2 refused it',
    'worker-7.chat.svc refused it',
    'localhost refused it',
    'worker:8080 refused it',
  ])('%s: words with an address do not go through', (message) => {
    const { errors } = join('observedAt', {
      outcome: { ...TIMED_OUT, status: 'OK' },
      entities: [{ observedAt: null }],
      errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }],
    });
    const ours = `Replica ${chat.workerId} does not take a value of the query.`;
    expect(errors.map((error) => [error.message, error.extensions?.code])).toEqual([[ours, 'BAD_USER_INPUT']]);
  });

  test('of the errors of one replica a hundred are taken', () => {
    const answer = (n: number): Said => ({
      outcome: { ...TIMED_OUT, status: 'OK' },
      entities: [{ observedAt: null }],
      errors: Array.from({ length: n }, () => ({ message: 'own', path: ['_entities', 0, 'observedAt'] })),
    });
    expect(join('observedAt', answer(20_000)).errors).toHaveLength(100);
    expect(join('observedAt', answer(51), [chat, chat]).errors).toHaveLength(100);
  });

  test("a replica's own error stands in every place that its entity stands for", () => {
    const other = { ...chat, chatId: id(2, 2) };
    const entity = { runners: null };
    const { errors } = join(
      'runners { runnerId }',
      {
        outcome: { ...TIMED_OUT, status: 'OK' },
        entities: [entity, entity],
        errors: [
          { message: 'own', path: ['_entities', 1, 'runners'], extensions: { code: 'BAD_USER_INPUT', stack: 'x' } },
        ],
      },
      [other, chat, other, chat],
    );
    const extensions = { code: 'BAD_USER_INPUT', workerId: chat.workerId, chatIds: [chat.chatId] };
    expect(errors).toEqual([
      { message: 'own', path: ['_entities', 1, 'runners'], extensions },
      { message: 'own', path: ['_entities', 3, 'runners'], extensions },
    ]);
  });

  test('an entity that the replica made null, with an error on it, keeps that error, on the first field that is lost', () => {
    const { entities, errors } = join('reachability { status } runners { runnerId }', {
      outcome: { ...TIMED_OUT, status: 'OK' },
      entities: [null],
      errors: [{ message: 'own', path: ['_entities', 0] }],
    });
    expect({ ...entities[0] }).toEqual({ ...chat, reachability: { status: 'BAD_ANSWER' }, runners: null });
    expect(errors.map((error) => [error.message, error.path])).toEqual([
      [expect.stringContaining('answered with an error'), ['_entities', 0, 'runners']],
    ]);
  });

  test('an error that names no entity is said once, of all chats that the replica was asked about', () => {
    const other = { ...chat, chatId: id(2, 2) };
    const { errors } = join(
      'observedAt',
      {
        outcome: { ...TIMED_OUT, status: 'OK' },
        entities: [{ observedAt: null }, { observedAt: null }],
        errors: [{ message: 'own' }, { message: 'far', path: ['_entities', 9] }],
      },
      [chat, other],
    );
    expect(errors.map((error) => [error.path, error.extensions?.chatIds])).toEqual([
      [
        ['_entities', 0],
        [chat.chatId, other.chatId],
      ],
      [
        ['_entities', 0],
        [chat.chatId, other.chatId],
      ],
    ]);
  });

  test('an error that names no entity is said even if the first chat has moved', () => {
    const list = [chat, { ...chat, chatId: id(2, 2) }];
    const [share] = splitRepresentations(routing, list);
    if (!share) throw new Error('nothing is asked');
    const stayed = { ...share, places: [[], [1]] };
    const { errors } = join(
      'observedAt',
      {
        ...{ share: stayed, outcome: { ...TIMED_OUT, status: 'OK' } },
        entities: [{ observedAt: null }, { observedAt: null }],
        errors: [{ message: 'own' }],
      },
      list,
    );
    expect(errors.map((error) => [error.path, error.extensions?.chatIds])).toEqual([[['_entities', 1], [id(2, 2)]]]);
  });

  test('as many errors are said as there are chats without an answer', () => {
    const list = Array.from({ length: 150_000 }, () => chat);
    expect(join('observedAt', { outcome: TIMED_OUT }, list).errors).toHaveLength(list.length);
  });

  test('an exception while one answer is read makes that answer a bad one, and is told', () => {
    const chats = [chat, { ...chat, workerId: id(1, 2) }];
    const query =
      '{ _entities(representations: $r) { ... on ChatRuntime { reachability { status } eventLoopDelayMs } } }';
    const bug = new Error('a bug');
    const throwing = {
      get eventLoopDelayMs() {
        throw bug;
      },
    };
    const given = [throwing, { eventLoopDelayMs: 1 }];
    const answers = splitRepresentations(routing, chats).map((share, s) => ({
      ...{ ...withoutAnswer(share, 'OK', null), entities: [given[s]] },
    }));
    const { entities, errors, failures } = joined(routing, entityRequest(chats, query), answers);
    expect(entities.map(({ reachability }) => ({ ...(reachability as object) }))).toEqual([
      { status: 'BAD_ANSWER' },
      { status: 'OK' },
    ]);
    expect(errors.map(({ path }) => path)).toEqual([['_entities', 0, 'eventLoopDelayMs']]);
    expect(failures).toEqual([bug]);
  });

  test.each([
    ['localWorkerId', 'not-a-uuid'],
    ['observedAt', 'yesterday'],
    ['runners { snapshotVersion }', 2 ** 53],
    ['runners { snapshotVersion }', '7'],
  ])('%s: %j makes the answer a bad one', (selection, value) => {
    const [field = '', below] = selection.split(/\W+/);
    const entity = { [field]: below ? [{ [below]: value }] : value };
    const outcome: Outcome = { ...TIMED_OUT, status: 'OK' };
    const answer: Said = { outcome, entities: [entity], errors: [] };
    const { entities } = join(`reachability { status } ${selection}`, answer);
    expect({ ...entities[0] }).toEqual({ ...chat, reachability: { status: 'BAD_ANSWER' }, [field]: null });
    const refused: Said = { outcome, fields: { [field]: value } };
    expect(join(selection, refused).entities[0]?.[field]).toBeNull();
  });

  test('an alias that would be a prototype is a key like any other', () => {
    const { entities } = join('__proto__: runners { runnerId }', { outcome: TIMED_OUT });
    expect(Object.keys(entities[0] ?? {})).toContain('__proto__');
  });
});

describe('routed types', () => {
  test('are those that carry the directive, at the subgraph that resolves them, whatever they are called', () => {
    const invented = readRouting(
      buildSchema(`
      directive @join__graph(name: String!, url: String!) on ENUM_VALUE
      directive @join__type(graph: join__Graph!, key: String, resolvable: Boolean! = true) repeatable on OBJECT
      directive @routed(by: String!, outcome: String!) on OBJECT
      enum join__Graph { A_1 @join__graph(name: "a", url: "") B_2 @join__graph(name: "b-2", url: "") }
      type Query @join__type(graph: A_1) { gauge: Gauge }
      type Gauge @join__type(graph: A_1, key: "site", resolvable: false) @join__type(graph: B_2, key: "site")
        @routed(by: "site", outcome: "asked") { site: ID! asked: Asked! level: Int }
      type Asked @join__type(graph: B_2) { status: String! }
    `),
    );
    expect([...invented.keys()]).toEqual(['b-2']);
    const gauges = invented.get('b-2') as Routing;
    const list = [{ __typename: 'Gauge', site: 'x' }];
    const request = makeReadEntityRequest(gauges.schema)({
      query: '{ _entities(representations: $r) { ... on Gauge { asked { status } level } } }',
      variables: { representations: list },
    }) as EntityRequest;
    const outcome: Outcome = { status: 'STOPPED', elapsedMs: 0, address: null, reason: null };
    const answers = splitRepresentations(gauges, list).map((share) => ({
      ...withoutAnswer(share, 'OK', null),
      outcome,
    }));
    const { entities, errors } = joined(gauges, request, answers);
    expect({ ...entities[0] }).toEqual({
      __typename: 'Gauge',
      site: 'x',
      asked: { status: 'STOPPED' },
      level: null,
    });
    expect(errors[0]?.extensions).toEqual({ code: 'REPLICA_UNREACHABLE', workerId: 'x', chatIds: [] });
  });

  test('in the supergraph that is checked in, belong to the runtime subgraph alone', () => {
    expect(
      [...readRouting(buildSchema(supergraph, { assumeValid: true }))].map(([name, { types }]) => [
        name,
        [...types.keys()],
      ]),
    ).toEqual([['runtime', ['ChatRuntime', 'ReplicaRuntime']]]);
  });

  test('whose directive names a field that is not there stop the start', () => {
    const gone = buildSchema(supergraph.replaceAll('outcome: "reachability"', 'outcome: "gone"'), {
      assumeValid: true,
    });
    expect(() => readRouting(gone)).toThrow('gone');
  });
});
