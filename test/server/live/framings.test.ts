import { describe, expect, test } from '@jest/globals';
import { errorText, STOPPING } from '../../../server/live/ends.ts';
import { type Framing, framingFor } from '../../../server/live/framings.ts';
import { LiveAnswer } from '../../../server/live/liveAnswer.ts';

const framing = (accept: string): Framing => {
  const found = framingFor(accept);
  if (!found) throw new Error(`No stream for ${accept}`);
  return found;
};
const answer = new LiveAnswer({ data: { a: 'é\n' } });

test.each([
  undefined,
  '*/*',
  'application/json',
  'multipart/mixed',
  'multipart/mixed;deferSpec=20220824,application/json',
  'application/json, text/event-stream;q=0',
  'multipart/mixed;subscriptionSpec=1.0;q=0, application/json',
  'application/text/event-stream',
  ...['', ',', '"', 'a/b;c="d'],
  `text/event-stream,${'multipart/mixed;'.repeat(100)}`, // longer than any client's
])('a client that accepts %s gets no stream', (accept) => {
  expect(framingFor(accept)).toBeUndefined();
});

test.each([
  ['text/event-stream', 'text/event-stream'],
  ['TEXT/Event-Stream', 'text/event-stream'],
  ['application/json, text/event-stream;q=0.1', 'text/event-stream'],
  ['text/event-stream;q=0.5, multipart/mixed;subscriptionSpec=1.0', 'multipart/mixed'],
  ['multipart/mixed;subscriptionSpec="1.0";q=0.5, text/event-stream', 'text/event-stream'],
  ['multipart/mixed, text/event-stream;q=0.5', 'text/event-stream'],
])('a client that accepts %s gets the stream that it would rather have', (accept, type) => {
  expect(framing(accept).contentType.startsWith(type)).toBe(true);
});

describe('server-sent events', () => {
  const sse = framing('text/event-stream');

  test('an answer is one event, written once for all', () => {
    expect(answer.event(sse).toString()).toBe('event: next\ndata: {"data":{"a":"é\\n"}}\n\n');
    expect(answer.event(sse)).toBe(answer.event(sse));
  });

  test('a sign of life is the answer again', () => {
    expect(answer.alive(sse).toString()).toBe(
      'event: next\ndata: {"extensions":{"alive":true},"data":{"a":"é\\n"}}\n\n',
    );
  });

  test('the end says why, and that it is one', () => {
    expect(sse.end(errorText(STOPPING))).toBe(
      `event: next\ndata: {"errors":[${errorText(STOPPING)}]}\n\nevent: complete\ndata:\n\n`,
    );
  });
});

describe('multipart', () => {
  const multipart = framing('multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json');

  test('each part is followed by the line that ends it', () => {
    expect(multipart.opening).toBe('\r\n--graphql');
    const part = '\r\ncontent-type: application/json\r\n\r\n';
    expect(answer.event(multipart).toString()).toBe(`${part}{"payload":{"data":{"a":"é\\n"}}}\r\n--graphql`);
    expect(answer.alive(multipart).toString()).toBe(`${part}{}\r\n--graphql`);
    expect(multipart.end(errorText(STOPPING))).toBe(
      `${part}{"payload":null,"errors":[${errorText(STOPPING)}]}\r\n--graphql--\r\n`,
    );
  });

  test('its version may be quoted', () => {
    expect(framing('multipart/mixed;subscriptionSpec="1.0", application/json')).toBe(multipart);
  });
});
