/** Three processes of a checkout in this one: it asks them, and tells its parent which of their files took part. */
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../common/clock.ts';

/** The first message from the parent. */
export interface Asked {
  readonly folder: string;
  /** Address of the gateway's GraphQL endpoint. */
  readonly url: string;
  readonly token: string;
  readonly body: string;
}

/** The message to the parent. */
export interface Passed {
  /** Paths from the checkout's folder, in order. */
  readonly files: readonly string[];
}

const MAINS = ['subgraphs/database/main.ts', 'subgraphs/runtime/main.ts', 'gateway/main.ts'];
const WARM_UP_LIMIT_MS = 30_000;
/** Requests that are looked at; work that is nobody's request falls into some of them, and not into all. */
const REQUESTS = 5;
const PAUSE_MS = 300;

const [asked] = (await once(process, 'message')) as [Asked];
const send = process.send?.bind(process);
process.send = () => true; // each process announces itself
const root = pathToFileURL(join(asked.folder, '/')).href;
for (const main of MAINS) await import(`${root}${main}`);
await warmUp();

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const requests: Set<string>[] = [];
for (let i = 0; i < REQUESTS; i += 1) {
  await systemClock.sleep(PAUSE_MS);
  await filesThatRan(); // sets all counts back
  await ask();
  requests.push(await filesThatRan());
}
const files = [...(requests[0] ?? [])].filter((file) => requests.every((ran) => ran.has(file))).sort();
send?.({ files } satisfies Passed);

/** Asks until the replica works on the chat. */
async function warmUp(): Promise<void> {
  const untilMs = systemClock.monotonicMs() + WARM_UP_LIMIT_MS;
  for (let text = await ask(); !/"activeTaskKind":"GENERATION"/.test(text); text = await ask()) {
    if (systemClock.monotonicMs() > untilMs) throw new Error(`The replica does not work on the chat: ${text}`);
    await systemClock.sleep(PAUSE_MS);
  }
}

async function ask(): Promise<string> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${asked.token}` };
  const response = await fetch(asked.url, { method: 'POST', headers, body: asked.body });
  const text = await response.text();
  if (/"errors":/.test(text)) throw new Error(`The request failed: ${text}`);
  return text;
}

/** Sources of the checkout in which a function was called since this was last asked. */
async function filesThatRan(): Promise<Set<string>> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const called = result.filter(({ url, functions }) => {
    const isSource = url.startsWith(root) && !/node_modules|\/generated\/|\/scripts\//.test(url);
    return isSource && functions.some(({ ranges }) => ranges.some(({ count }) => count > 0));
  });
  return new Set(called.map(({ url }) => url.slice(root.length).replace(/\?.*/, '')));
}
