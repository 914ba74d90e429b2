import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, GraphQLScalarType } from 'graphql';
import type { Representation } from '../../routing/ask/share.ts';
import { type EntityRequest, makeReadEntityRequest } from '../../routing/entityRequest.ts';
import { makeJoin } from '../../routing/join.ts';
import { type Routing, readRouting } from '../../routing/routedTypes.ts';
import { splitRepresentations } from '../../routing/split.ts';
import { leafRules } from '../../server/graphql/leafRules.ts';
import { scalars } from '../../server/graphql/scalars.ts';
import { FRESH_ANSWERS } from '../support/scale.ts';

const supergraph = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');
const routing = readRouting(buildSchema(supergraph, { assumeValid: true })).get('runtime') as Routing;
const REPLICA = 'aaaaaaaa-0000-4000-8000-000000000001';
const chatId = (n: number) => `cccccccc-0000-4000-8000-00000000000${n}`;
const OUTCOME = { status: 'OK', elapsedMs: 1, address: null, reason: null } as const;

/** Join of a replica's answer text, passed on as it is where possible, or copied. */
function joined(selection: string, text: string, chats: readonly number[]) {
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime { ${selection} } } }`;
  const list: Representation[] = chats.map((n) => ({
    ...{ __typename: 'ChatRuntime', chatId: chatId(n), workerId: REPLICA },
  }));
  const request = makeReadEntityRequest(routing.schema)({
    query,
    variables: { representations: list },
  }) as EntityRequest;
  const received: unknown[] = JSON.parse(text);
  const failures: unknown[] = [];
  const join = makeJoin(routing, request, (error) => failures.push(error));
  for (const share of splitRepresentations(routing, list)) {
    const entities = share.representations.map(({ chatId: id }) => received[Number(String(id).slice(-1))]);
    join.add({ share, outcome: OUTCOME, attempts: 1, entities, errors: [] });
  }
  const { data, errors } = join.whole();
  return { received, failures, errors, entities: data?._entities ?? [] };
}

function parts(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(parts)];
}

const SELECTION = `chatId reachability { status } localWorkerId observedAt
  runners { runnerId startedAt activeTask { kind } } eventLoopDelayMs`;

/** An object of which each field may be what was asked for, something else, or not there, and which may hold more. */
const objectOf = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc
    .tuple(
      fc.record(fields, { requiredKeys: [] }),
      fc.record(fields),
      fc.boolean(),
      fc.option(fc.dictionary(fc.constantFrom('more', '__proto__', 'constructor'), fc.jsonValue()), { freq: 4 }),
    )
    .map(([some, all, isWhole, more]) => ({ ...(isWhole ? all : some), ...more }));
const mostly = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ arbitrary: value, weight: 30 }, { arbitrary: fc.jsonValue(), weight: 1 });
const uuid = mostly(fc.constant('eeeeeeee-0000-4000-8000-000000000001'));
const time = mostly(
  fc.constantFrom('2026-11-22T09:30:00.000Z', '2026-02-29T09:30:00.000Z', '2026-11-22T09:30:00+01:00'),
);
const runner = objectOf({
  runnerId: uuid,
  startedAt: time,
  activeTask: mostly(fc.oneof(objectOf({ kind: fc.constant('GENERATION') }), fc.constant(null))),
});
const entity = (n: number) =>
  objectOf({
    chatId: mostly(fc.constant(chatId(n))),
    reachability: fc.jsonValue(),
    localWorkerId: uuid,
    observedAt: time,
    runners: mostly(fc.oneof(fc.array(mostly(runner), { maxLength: 3 }), fc.constant(null))),
    eventLoopDelayMs: mostly(fc.double()),
  });

describe('what was just parsed', () => {
  test('is passed on, or not, just as what is copied', () => {
    let kept = 0;
    fc.assert(
      fc.property(
        fc.tuple(entity(0), entity(1), entity(2)),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
        (entities, chats) => {
          const twice = [...chats, ...chats]; // each answer can be passed on once, and is copied from then on
          const fresh = joined(SELECTION, JSON.stringify(entities), twice);
          expect(fresh.failures).toEqual([]);
          expect(fresh.entities).toHaveLength(twice.length);
          expect(fresh.entities.slice(0, chats.length)).toEqual(fresh.entities.slice(chats.length));
          const lost = (from: number) =>
            fresh.errors
              .filter(({ path }) => Number(path?.[1]) >= from && Number(path?.[1]) < from + chats.length)
              .map(({ path: [root, place, ...below] = [], ...error }) => [error, root, Number(place) - from, below]);
          expect(lost(0)).toEqual(lost(chats.length));
          const all = parts(fresh.entities);
          expect(new Set(all).size).toBe(all.length);
          for (const one of fresh.entities) if (fresh.received.includes(one)) kept += 1;
        },
      ),
      {
        numRuns: FRESH_ANSWERS,
        examples: [
          [[{ chatId: { toString: [] } }, {}, {}], [0]],
          [[{ chatId: [{ toString: [] }] }, {}, {}], [0]],
        ],
      },
    );
    expect(kept).toBeGreaterThan(FRESH_ANSWERS / 20);
  });

  test('is cut to what was asked for, however deep the rest is, and keeps its order', () => {
    const whole = {
      ...{ chatId: chatId(0), reachability: { status: 'REFUSED', reason: 'x' }, localWorkerId: null, observedAt: null },
      runners: [{ runnerId: REPLICA, startedAt: '2026-11-22T09:30:00Z', activeTask: { kind: 'GENERATION', id: 1 } }],
      eventLoopDelayMs: 1,
    };
    const { entities } = joined(SELECTION, JSON.stringify([whole]), [0, 0]);
    const expected = {
      ...{ chatId: chatId(0), reachability: { status: 'OK' }, localWorkerId: null, observedAt: null },
      runners: [{ runnerId: REPLICA, startedAt: '2026-11-22T09:30:00Z', activeTask: { kind: 'GENERATION' } }],
      eventLoopDelayMs: 1,
    };
    expect(entities.map((one) => JSON.stringify(one))).toEqual([JSON.stringify(expected), JSON.stringify(expected)]);
  });

  test('has keys of its own only, also under an alias that is a prototype', () => {
    const text = `[{"chatId":"${chatId(0)}","__proto__":{"runnerId":1},"constructor":null}]`;
    const selection = 'chatId __proto__: eventLoopDelayMs constructor: localWorkerId';
    expect(joined(selection, text, [0]).entities[0]?.localWorkerId).toBeUndefined();
    const answer = `[{"chatId":"${chatId(0)}","__proto__":1.5,"constructor":null}]`;
    const [own = {}] = joined(selection, answer, [0]).entities;
    expect(Object.getPrototypeOf(own)).toBeNull();
    expect(JSON.stringify(own)).toBe(answer.slice(1, -1));
    const [bare = {}] = joined('chatId toString: eventLoopDelayMs', `[{"chatId":"${chatId(0)}"}]`, [0]).entities;
    expect(bare.toString).toBeNull();
  });
});

test.each(['UUID', 'DateTime', 'SafeInt'] as const)(
  'of %s, what may stand for it is what the library takes',
  (name) => {
    const rule = leafRules(new GraphQLScalarType({ name })).ofStranger;
    const upTo = (max: number, length = 2) => fc.nat(max).map((n) => String(n).padStart(length, '0'));
    const dateTimes = fc
      .tuple(upTo(9_999, 4), upTo(13), upTo(32), fc.constantFrom('T', 'T', 't', ' '), upTo(24), upTo(60), upTo(60))
      .chain(([year, month, day, t, hour, minute, second]) =>
        fc
          .constantFrom('.000Z', '.999Z', 'Z', 'z', '.5Z', '+01:00', '')
          .map((end) => `${year}-${month}-${day}${t}${hour}:${minute}:${second}${end}`),
      );
    const dates = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    const values = fc.oneof(fc.uuid(), dates, dateTimes, fc.maxSafeInteger(), fc.jsonValue(), fc.double());
    fc.assert(
      fc.property(values, (value) => {
        fc.pre(value !== null);
        let isTaken = typeof value !== 'object';
        try {
          if (isTaken) scalars[name].parseValue(value);
        } catch {
          isTaken = false;
        }
        expect([value, rule(value)]).toEqual([value, isTaken]);
      }),
      { numRuns: 5 * FRESH_ANSWERS },
    );
  },
);
