/** Parts of a provider's failure that are told, and parts that are not. Pure. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { providerWords } from '../../../../domain/providerWords.ts';
import { toldDelayMs } from '../../../../subgraphs/runtime/chatd/backoff.ts';
import { FAILURE_KINDS, kindOf } from '../../../../subgraphs/runtime/chatd/failureKinds.ts';
import { storable, storableJson, storableText } from '../../../../subgraphs/runtime/chatd/storable.ts';

describe("a provider's words", () => {
  test.each([
    [
      'Incorrect API key provided: sk-proj-abc_DEF-123456. See https://example.com/keys',
      'Incorrect API key provided: [key] See [URL]',
    ],
    ['Bearer abcdef123456 was refused', 'Bearer: [key] was refused'],
    [
      "Unknown parameter: 'temperature'. The model `gpt-4o-2024-08-06` exists",
      "Unknown parameter: 'temperature'. The model `gpt-4o-2024-08-06` exists",
    ],
    ['Invalid message "please write a poem about my neighbour"', 'Invalid message "[…]"'],
    [
      `It isn't allowed, and that's all there is to it, isn't it`,
      `It isn't allowed, and that's all there is to it, isn't it`,
    ],
    [`Input 'I don't want my neighbour to read it' refused`, 'Input "[…]" refused'],
    ['cut off in "the middle of what somebody said', 'cut off in "[…]"'],
    ['an escaped "quote \\" within what somebody said" ends', 'an escaped "[…]" ends'],
    ['two\n  lines\u001b[31m and \u202ean override', 'two lines[31m and an override'],
    [
      "This model's maximum context length is 8192 tokens, however you requested 9001",
      "This model's maximum context length is 8192 tokens, however you requested 9001",
    ],
    ['dial tcp 10.0.3.7:8000: refused by llm.internal:443', 'dial tcp [address]: refused by [address]'],
    [
      'connect ECONNREFUSED ::1, to localhost:8000 or [fe80::1]:80',
      'connect ECONNREFUSED ::1, to [address] or [address]',
    ],
    [
      'upstream vllm:8000 gave status:503 at 12:30:15, version 1.2.3',
      'upstream [address] gave status:503 at 12:30:15, version 1.2.3',
    ],
    ['request req_011CSHoEeqs5C35K2UUqR7Fy failed', 'request req_[key] failed'],
    ['refused: Authorization: Bearer abcdefghijklmnop', 'refused: Authorization: [key]'],
    ['refused: {"api_key": "hunter2", "n": 1}', 'refused: {"api_key": [key], "n": 1}'],
    [`refused: {'x-api-key':'hunter2'}, secret = "open sesame"`, `refused: {'x-api-key': [key]}, secret: [key]`],
    ['X-Api-Key: abcd', 'X-Api-Key: [key]'],
    ['client_secret=hunter2&access_token=abcd', 'client_secret: [key]'],
    [
      'accessToken=abcd; no Bearer authentication, no Bearer abcdefghijklmnop',
      'accessToken: [key] no Bearer authentication, no Bearer: [key]',
    ],
    ['Basic dXNlcjpwYXNz refused', 'Basic: [key] refused'],
    ['see //example.com/v1?id=7 or example.com/v1?key=abcd', 'see [URL] or example.com/v1?key: [key]'],
    ['\u300cplease write a poem about my neighbour\u300d refused', '"[…]" refused'],
    ['\u201eplease write a poem about my neighbour\u201c refused', '"[…]" refused'],
    ['\u2018please write a poem about my neighbour\u2019 refused', '"[…]" refused'],
    ['the token limit is 8192 and the key is missing', 'the token limit is 8192 and the key is missing'],
    [
      'max_tokens: 4096 is too large, a basic answer is shorter',
      'max_tokens: 4096 is too large, a basic answer is shorter',
    ],
  ])('%j are told as %j', (said, told) => {
    expect(providerWords(said)).toBe(told);
  });

  test('are at most 500 characters, whole ones, and never what was quoted at length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.constantFrom('"', '`', "'"), (noise, quote) => {
        const told = providerWords(
          `${noise.replaceAll(/["'`“«\\]/g, '')} ${quote}the words of a person who is here${quote}`,
        );
        expect(told).not.toContain('words of a person');
        expect([...told].length).toBeLessThanOrEqual(500);
        expect(storableText(told)).toBe(told);
      }),
    );
  });
});

describe('the kind of a failure', () => {
  test.each([
    [{ message: 'x', codes: ['context_length_exceeded', 'invalid_request_error'], status: 400 }, 'context_length'],
    [
      { message: 'prompt is too long: 210000 tokens > 200000 maximum', codes: ['invalid_request_error'], status: 400 },
      'context_length',
    ],
    [{ message: 'Input length exceeds the maximum of 4096 tokens', codes: [], status: 400 }, 'context_length'],
    [{ message: 'Request too large', codes: [], status: 413 }, 'context_length'],
    [{ message: 'x', codes: ['insufficient_quota'], status: 429 }, 'quota'],
    [{ message: 'x', codes: [], status: 402 }, 'quota'],
    [{ message: 'x', codes: ['rate_limit_exceeded', 'tokens'], status: 429 }, 'rate_limit'],
    [
      { message: 'Too many tokens in this minute: the limit of tokens is exceeded', codes: [], status: 429 },
      'rate_limit',
    ],
    [{ message: 'x', codes: ['overloaded_error'], status: undefined }, 'overloaded'],
    [{ message: 'x', codes: [], status: 529 }, 'overloaded'],
    [{ message: 'x', codes: ['invalid_api_key', 'invalid_request_error'], status: 401 }, 'auth'],
    [{ message: 'x', codes: ['content_filter'], status: 400 }, 'content_filter'],
    [{ message: 'x', codes: ['model_not_found'], status: 404 }, 'bad_request'],
    [{ message: 'x', codes: [], status: 408 }, 'network'],
    [{ message: 'try again', codes: [], status: undefined }, 'model'],
  ])('of %j is %s', (said, kind) => {
    expect(kindOf(said)).toBe(kind);
  });

  test('is always one of the known words', () => {
    const said = fc.record({
      message: fc.string(),
      codes: fc.array(fc.string()),
      status: fc.option(fc.nat(999), { nil: undefined }),
    });
    fc.assert(fc.property(said, (each) => expect(Object.keys(FAILURE_KINDS)).toContain(kindOf(each))));
  });
});

describe('the time that a provider asks for', () => {
  const now = new Date('2026-11-30T12:00:00Z');
  test.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '120' }, 120_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '1500', 'retry-after': '7' }, 1_500],
    [{ 'retry-after': 'Mon, 30 Nov 2026 12:02:00 GMT' }, 120_000],
    [{ 'retry-after': 'Mon, 30 Nov 2026 13:02:00 GMT', date: 'Mon, 30 Nov 2026 13:00:00 GMT' }, 120_000],
    [{ 'retry-after': 'Mon, 30 Nov 2020 12:00:00 GMT' }, 0],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '1e9' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': 'Infinity' }, undefined],
    [{ 'retry-after': '2026' }, 2_026_000],
    [{}, undefined],
  ])('in %j is %s ms', (headers, ms) => {
    expect(toldDelayMs(headers, now)).toBe(ms);
  });
});

describe('what jsonb and text cannot hold', () => {
  test('is replaced, and nothing else is', () => {
    expect(storableText('a\u0000\ud800b\udc00😀')).toBe('a\ufffd\ufffdb\ufffd😀');
    expect(storableJson({ '\u0000': ['\ud800\\u0000', '\\', '"\u0001'] })).toBe(
      '{"\ufffd":["\ufffd\\\\u0000","\\\\","\\"\\u0001"]}',
    );
    expect(storableJson(undefined)).toBe('null');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const kept = text.replaceAll('\u0000', '\ufffd');
        expect(storableText(text)).toBe(kept);
        expect(storable({ [text]: [text] })).toEqual({ [kept]: [kept] });
      }),
    );
  });
});
