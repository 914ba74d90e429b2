/** The one tab that holds a stream, where the browser has neither locks nor a store for pages. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

/** Named by a text: its types are those of a browser, which these tests have not. */
const BROWSER_FILE: string = '../../console/data/leader.ts';
type WhenLeader = (name: string, aborting: AbortSignal, lead: (leading: AbortSignal) => Promise<void>) => Promise<void>;

const given: [object, string, PropertyDescriptor | undefined][] = [];
function put(on: object, name: string, value: PropertyDescriptor): void {
  given.push([on, name, Object.getOwnPropertyDescriptor(on, name)]);
  Object.defineProperty(on, name, { configurable: true, ...value });
}

beforeAll(() => {
  jest.useFakeTimers();
  const target = { value: new EventTarget() };
  for (const name of ['window', 'document']) put(globalThis, name, target);
  put(globalThis, 'navigator', { value: {} });
  put(globalThis, 'localStorage', {
    get: () => {
      throw new DOMException('Access is denied for this document.', 'SecurityError');
    },
  });
});
afterAll(() => {
  for (const [on, name, before] of given.reverse()) {
    if (before) Object.defineProperty(on, name, before);
    else Reflect.deleteProperty(on, name);
  }
  jest.useRealTimers();
});

test('leads by itself: a page that may keep nothing is shown all the same', async () => {
  const { whenLeader } = (await import(BROWSER_FILE)) as { whenLeader: WhenLeader };
  const aborting = new AbortController();
  let leads = 0;
  const ended = whenLeader('a view', aborting.signal, async (leading) => {
    leads += 1;
    await new Promise((resolve) => leading.addEventListener('abort', resolve));
  });
  await jest.advanceTimersByTimeAsync(10_000);
  expect(leads).toBe(1);
  aborting.abort();
  await jest.advanceTimersByTimeAsync(10_000);
  await ended;
});
