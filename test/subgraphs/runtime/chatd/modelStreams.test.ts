/**
 * Random answers of a model's server: calls are bounded, each chat comes to rest, and the next turn goes well.
 * `MODEL_STREAMS` says how many chats are tried.
 */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../../../common/clock.ts';
import { type LastError, textContent } from '../../../../domain/messages.ts';
import { readChats } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { FAILURE_KINDS, type FailureKind } from '../../../../subgraphs/runtime/chatd/failureKinds.ts';
import { databasePerFile } from '../../../support/database.ts';
import { manualClock } from '../../../support/manualClock.ts';
import { type Answer, chunk, DONE, frame, modelServerPerFile, says } from '../../../support/modelServer.ts';
import { replicasPerTest } from '../../../support/replica.ts';
import { MODEL_STREAMS } from '../../../support/scale.ts';
import { until } from '../../../support/until.ts';

const MAX_ATTEMPTS = 3;
const MAX_STEPS = 4;
const AT_ONCE = 20;
/** Stands in all that people and the model say, and nowhere else. */
const SAID = 'a word of the conversation that nobody else may read';

const database = databasePerFile();
const server = modelServerPerFile();
const startReplica = replicasPerTest(() => database.url);
const ownerId = randomUUID();
let store: ChatStore;
beforeAll(() => {
  store = new ChatStore(database.pool);
});

const text = fc.oneof(
  fc.constantFrom('', ' ', '\u0000', '\ud83d', '\ude00', '\u202eright to left', `${SAID} 👩‍👩‍👧`, SAID),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
);
const id = fc.constantFrom('call_0', 'call_0', 'call_1', null, undefined, '', 'not allowed!', 'x'.repeat(80), '\u0000');
const toolName = fc.constantFrom(
  'current_time',
  'add_numbers',
  'ask_person',
  'constructor',
  '__proto__',
  'odd name\u0000',
  '',
);
const input = fc.constantFrom(
  '{}',
  '{"a":1,"b":2}',
  '',
  'no JSON',
  '{"a":',
  '[1]',
  '5',
  'null',
  `{"a":"${SAID}"}`,
  '{"\\u0000":"\\ud800"}',
  '{"__proto__":1}',
);
const call = fc
  .record({ index: fc.constantFrom(0, 0, 1, undefined), id, name: toolName, input })
  .map(({ index, id: callId, name, input: given }) => ({
    index,
    id: callId,
    type: 'function',
    function: { name, arguments: given },
  }));
const error = fc.record(
  {
    message: fc.constantFrom(
      `Prompt is too long: "${SAID}"`,
      `Key sk-1234567890abcdef is wrong: '${SAID}'`,
      'try again',
      '',
      '\ud800',
    ),
    code: fc.constantFrom<unknown>(
      'context_length_exceeded',
      'rate_limit_exceeded',
      'insufficient_quota',
      'odd',
      502,
      null,
      {},
    ),
    type: fc.constantFrom('invalid_request_error', 'server_error', 'content_filter'),
  },
  { requiredKeys: [] },
);
const part = fc.oneof(
  { weight: 4, arbitrary: text.map((content) => chunk({ content })) },
  { weight: 1, arbitrary: text.map((reasoning) => chunk({ reasoning_content: reasoning })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(chunk({}), chunk({ content: null }), chunk({ tool_calls: [] }), ': nothing\n\n'),
  },
  { weight: 4, arbitrary: fc.array(call, { minLength: 1, maxLength: 3 }).map((made) => chunk({ tool_calls: made })) },
  { weight: 1, arbitrary: error.map((told) => frame({ error: told })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      `data: {"choices": "${SAID}\n\n`,
      'data: 7\n\n',
      frame({}),
      frame({ error: `no: "${SAID}"` }),
      frame({ message: 'no' }),
    ),
  },
);
const finish = fc.constantFrom(
  'stop',
  'stop',
  'length',
  'content_filter',
  'tool_calls',
  'tool_calls',
  'function_call',
  'odd',
  null,
);
const streamed = fc
  .record({
    parts: fc.array(part, { maxLength: 4 }),
    finish,
    done: fc.boolean(),
    end: fc.constantFrom<('close' | 'reset')[]>('close', 'close', 'close', 'reset'),
  })
  .map(({ parts, finish: reason, done, end }): Answer => {
    const last = reason === null ? [] : [chunk({}, reason)];
    const type = { 'content-type': 'text/event-stream' };
    return { headers: type, body: [...parts, ...last, ...(done ? [DONE] : [])], end };
  });
const status = fc.constantFrom(400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 429, 500, 502, 503, 529);
const retryAfter = fc.constantFrom(
  '0',
  '2',
  '120',
  '100000',
  '-5',
  '1e9',
  'soon',
  '',
  'Wed, 21 Oct 2099 07:28:00 GMT',
  'Wed, 21 Oct 2015 07:28:00 GMT',
);
const body = fc.oneof(
  error.map((told) => JSON.stringify({ error: told })),
  fc.constantFrom(
    '',
    '<html><body>Bad gateway</body></html>',
    '{"error":"no"}',
    'not JSON',
    '[]',
    '{"choices":[]}',
    'null',
  ),
);
const refused = fc
  .record({ status, retryAfter, body, end: fc.constantFrom<('close' | 'reset')[]>('close', 'close', 'reset') })
  .map(
    ({ retryAfter: told, body: sent, ...rest }): Answer => ({
      ...rest,
      headers: { 'retry-after': told },
      body: [sent],
    }),
  );
const noStream = fc
  .record({ body, type: fc.constantFrom('text/html', 'application/json', 'text/plain', 'text/event-stream') })
  .map(({ body: sent, type }): Answer => ({ headers: { 'content-type': type }, body: [sent] }));
const answer = fc.oneof(
  { weight: 6, arbitrary: streamed },
  { weight: 2, arbitrary: refused },
  { weight: 1, arbitrary: noStream },
);
/** Goes round for ever, so that whatever is not bounded shows. */
const plan = fc.array(answer, { minLength: 1, maxLength: 4 });

const isAtRest = async (chatId: string): Promise<boolean> =>
  ['waiting', 'error'].includes((await readChats(database.pool, [chatId]))[0]?.status ?? '');

async function rowsOf(chatId: string) {
  const { rows } = await database.pool.query<{
    role: string;
    content: { type: string; toolCallId?: string }[];
    finish_reason: string | null;
  }>('SELECT role::text, content, finish_reason FROM chat_messages WHERE chat_id = $1 ORDER BY id', [chatId]);
  return rows;
}

const lastError = async (chatId: string): Promise<LastError | null> =>
  (await database.pool.query<{ last_error: LastError | null }>('SELECT last_error FROM chats WHERE id = $1', [chatId]))
    .rows[0]?.last_error ?? null;

/** The longest run of requests that were the same. */
function longestRepetition(requests: readonly unknown[]): number {
  let longest = 0;
  let run = 0;
  requests.forEach((request, place) => {
    run = place > 0 && JSON.stringify(request) === JSON.stringify(requests[place - 1]) ? run + 1 : 1;
    longest = Math.max(longest, run);
  });
  return longest;
}

async function answered(answers: readonly Answer[]): Promise<void> {
  const opening = `${SAID}: ${randomUUID()}`;
  server.answer(opening, (place) => answers[place % answers.length] ?? says('nothing'));
  const { id: chatId } = await store.create({ ownerId, text: opening });
  await until('the chat is at rest', () => isAtRest(chatId));

  const rows = await rowsOf(chatId);
  const steps = rows.filter(({ role }) => role === 'assistant');
  expect(steps.length).toBeLessThanOrEqual(MAX_STEPS);
  expect(server.requests(opening).length).toBeLessThanOrEqual(MAX_STEPS);
  expect(longestRepetition(server.requests(opening))).toBeLessThanOrEqual(MAX_ATTEMPTS);
  for (const { finish_reason } of steps) {
    expect(['stop', 'length', 'content-filter', 'tool-calls', 'other']).toContain(finish_reason);
  }
  const ids = steps.flatMap(({ content }) =>
    content.flatMap((made) => (made.type === 'tool-call' ? [made.toolCallId] : [])),
  );
  expect(new Set(ids).size).toBe(ids.length);
  const failed = await lastError(chatId);
  if (failed) {
    expect(['data', 'history']).not.toContain(failed.kind); // what the model says can be stored, and sent to it again
    expect(failed.retryable).toBe(FAILURE_KINDS[failed.kind as FailureKind]);
    expect(failed.message.length).toBeLessThanOrEqual(500);
    expect(JSON.stringify(failed)).not.toContain(SAID);
    expect(JSON.stringify(failed)).not.toContain('1234567890abcdef');
  } else {
    expect(steps.length).toBeGreaterThan(0);
  }

  server.answer(opening, () => says('All is well again.'));
  await store.apply(chatId, { name: 'send', message: { content: textContent('go on'), createdBy: ownerId } });
  await until('the chat is at rest', () => isAtRest(chatId));
  expect((await rowsOf(chatId)).at(-1)).toEqual({
    ...{ role: 'assistant', finish_reason: 'stop' },
    content: [{ type: 'text', text: 'All is well again.' }],
  });
}

test(`${MODEL_STREAMS} chats whose model answers anything at all come to rest, and can be taken up again`, async () => {
  const clock = manualClock();
  let ended = false;
  await startReplica({
    ...{ clock, model: server.setting, maxAttempts: MAX_ATTEMPTS, maxSteps: MAX_STEPS },
    actionTimeoutSeconds: 0.05, // by the database's clock, which no test can move
    ...{ staleAfterSeconds: 80_000, heartbeatIntervalSeconds: 20_000, acquisitionIntervalSeconds: 600 },
  });
  const pump = (async () => {
    for (; !ended; await systemClock.sleep(20)) clock.advance(60_000);
  })();
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(plan, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (plans) => {
        await Promise.all(plans.map(answered));
        expect(server.faults).toEqual([]);
      }),
      { numRuns: Math.ceil(MODEL_STREAMS / AT_ONCE), endOnFailure: true },
    );
  } finally {
    ended = true;
    await pump;
  }
}, 600_000);
