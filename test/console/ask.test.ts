/** What a page says of an answer that did not come whole. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

/** Named by a text: its types are those of a browser, which these tests have not. */
const BROWSER_FILE: string = '../../console/data/ask.ts';
interface Answer {
  readonly data: unknown;
  readonly problems: readonly { message: string; extensions: { code: string } }[];
}
interface Ask {
  readonly readAnswer: (response: Response, asked: string) => Promise<Answer>;
  readonly askedAgain: (answer: Answer) => Answer;
}

const given: [string, PropertyDescriptor | undefined][] = [];
function put(name: string, value: unknown): void {
  given.push([name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  Object.defineProperty(globalThis, name, { configurable: true, value });
}

beforeAll(() => {
  for (const name of ['window', 'document']) put(name, new EventTarget());
  put('BroadcastChannel', undefined);
  put('setInterval', () => 0); // the page's clock would tick on after this file
});
afterAll(() => {
  for (const [name, before] of given.reverse()) {
    if (before) Object.defineProperty(globalThis, name, before);
    else Reflect.deleteProperty(globalThis, name);
  }
});

const json = { headers: { 'content-type': 'application/graphql-response+json; charset=utf-8' } };
const cutOff = () =>
  new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"data":{"chat')),
    pull: (controller) => controller.error(new TypeError('terminated')),
  });

test.each([
  ['a connection that ends in the middle', () => new Response(cutOff(), json)],
  ['a proxy that ends it in the middle', () => new Response('{"data":{"chat', json)],
])('an answer is called cut off after %s', async (_, response) => {
  const { readAnswer, askedAgain } = (await import(BROWSER_FILE)) as Ask;
  const answer = await readAnswer(response(), '');
  const problem = { message: 'The answer of the gateway was cut off on its way.', extensions: { code: 'CUT_OFF' } };
  expect(answer).toEqual({ data: null, problems: [problem] });
  expect(askedAgain(answer).problems).toEqual([{ ...problem, message: `${problem.message} It is asked for again.` }]);
});

test.each([
  ['a page', '<h1>Sign in</h1>', { headers: { 'content-type': 'text/html' } }],
  ['nothing', '', json],
  ['a text in JSON', '"no"', json],
])('%s is no answer of a gateway', async (_, body, init) => {
  const { readAnswer, askedAgain } = (await import(BROWSER_FILE)) as Ask;
  const answer = await readAnswer(new Response(body, { ...init, status: 502 }), '');
  expect(answer.problems).toEqual([
    { message: 'What answers is no gateway: HTTP status 502.', extensions: { code: 'NO_ANSWER' } },
  ]);
  expect(askedAgain(answer)).toEqual(answer);
});
