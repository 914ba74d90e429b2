/** The conformance kit: what it says of workers that keep the protocol, and of ten that do not. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { CHECKS } from '../../cli/conformance/checks.ts';
import { makeWorker } from '../../cli/conformance/worker.ts';
import { systemClock } from '../../common/clock.ts';
import { makeLogger } from '../../server/log.ts';
import { OWN_CALLER, signInternalToken } from '../../server/tokens/internalToken.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import { INTERNAL_SECRET } from '../gateway/gateways.ts';
import { workersPerTest } from '../sdk/workers.ts';
import { runScript } from '../support/command.ts';
import { inspectorOf } from '../support/inspector.ts';

const { listen, startWorker } = workersPerTest();
const KEY = 'a-shared-key-for-tests-long-enough-for-anybody';
const PATIENT = { REPLICA_TIMEOUT_MS: '20000' };
const stopping: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
});

const kit = (url: string, environment: Record<string, string>) =>
  runScript('dist/cli/conformance.js', [url], { ...PATIENT, ...environment });

describe('a worker that keeps the protocol passes', () => {
  test('our own replica', async () => {
    const log = makeLogger('test', 'silent');
    const server = await startRuntimeSubgraph({
      ...{ inspector: inspectorOf(randomUUID()), internalSecret: INTERNAL_SECRET },
      ...{ host: '127.0.0.1', port: 0, clock: systemClock, log },
    });
    stopping.push(() => server.stop());
    const { code, stdout } = await kit(server.url, { INTERNAL_SECRET });
    // the made-up inspector holds a runner for every chat
    expect(stdout.split('\n').filter((line) => /^NOT OK|^ {10}/.test(line))).toEqual([
      'NOT OK  It says of a chat that it does not hold that it holds no runner',
      '          A chat that nobody has seen before has a runner.',
    ]);
    expect(code).toBe(1);
  });

  test('a worker behind the SDK, by tokens and by a shared key', async () => {
    const { url, debug } = await startWorker({ key: KEY, capacity: 3 });
    expect((await kit(url, { INTERNAL_SECRET })).stdout).toContain('Ask it again while it works on a chat');
    debug.run(randomUUID()).task('generation');
    for (const environment of [{ INTERNAL_SECRET }, { RUNTIME_KEY: KEY }]) {
      const { code, stdout } = await kit(url, environment as Record<string, string>);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/\nThe worker speaks chat-debug-runtime\/1\.\n$/)]);
    }
  });

  test('a server of 60 lines of Python', async () => {
    const file = fileURLToPath(new URL('../../examples/python-worker/worker.py', import.meta.url));
    const child = spawn('env', [`RUNTIME_KEY=${KEY}`, 'python3', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    stopping.push(async () => {
      child.kill();
      await once(child, 'exit');
    });
    const [line] = await once(createInterface(child.stdout), 'line');
    const { code, stdout } = await kit(String(line).split(' ').at(-1) ?? '', { RUNTIME_KEY: KEY });
    expect([code, stdout]).toEqual([0, expect.stringContaining('The worker speaks')]);
  });

  test('where nobody listens, it ends with 2 and says so', async () => {
    const { code, stderr } = await kit('http://127.0.0.1:1', { RUNTIME_KEY: KEY });
    expect([code, stderr]).toEqual([2, expect.stringContaining('The worker cannot be asked')]);
  });
});

interface Said {
  status: number;
  type?: string;
  body: unknown;
}
interface Heard {
  isChats: boolean;
  token: string | undefined;
  text: string;
  ids: string[];
}
const refuse = (status: number): Said => ({ status, type: 'application/problem+json', body: { title: 'No', status } });
const now = () => systemClock.now().toISOString();
const workerId = randomUUID();

/** A worker that keeps the protocol; `change` breaks one promise of it. */
function good({ isChats, token, text, ids }: Heard): Said {
  if (token !== 'the key') return refuse(401);
  const said = { workerId, observedAt: now() };
  if (!isChats) return { status: 200, body: said };
  const areIds = ids.every((id) => /^[0-9a-f-]{36}$/i.test(id));
  if (text.length > 65_536 || ids.length > 100 || ids.length === 0 || !areIds) return refuse(400);
  return { status: 200, body: { ...said, chats: ids.map((chatId) => ({ chatId, runners: [] })) } };
}

type Change = (said: Said, heard: Heard) => Said | undefined;
const body = (said: Said) => said.body as Record<string, unknown> & { chats?: Record<string, unknown>[] };
const ofChats =
  (change: (chats: Record<string, unknown>[]) => unknown): Change =>
  (said, { isChats }) =>
    isChats && said.status === 200 ? { ...said, body: { ...body(said), chats: change(body(said).chats ?? []) } } : said;

const BROKEN: [what: string, change: Change, sentence: string][] = [
  [
    'an id that is no UUID',
    (said) => (said.status === 200 ? { ...said, body: { ...body(said), workerId: 'worker-1' } } : said),
    'The replica: workerId is not as the protocol has it.',
  ],
  [
    'an age in place of a time',
    (said) => (said.status === 200 ? { ...said, body: { ...body(said), observedAt: 12 } } : said),
    'The replica: observedAt is not as the protocol has it.',
  ],
  [
    'HTML in place of JSON',
    (said) => (said.status === 200 ? { ...said, type: 'text/html' } : said),
    'The replica must be application/json; it was text/html.',
  ],
  [
    'no entry for a chat that it does not hold',
    ofChats(() => []),
    'A chat that it does not hold has no entry. Each id that is asked for has one.',
  ],
  [
    'silence on runners in place of none',
    ofChats((chats) => chats.map(({ chatId }) => ({ chatId }))),
    'A chat that it does not hold has no list of runners. Absent means not known; say [] for none.',
  ],
  [
    'a task without a kind',
    ofChats((chats) => chats.map((chat) => ({ ...chat, runners: [{ runnerId: randomUUID(), tasks: [{}] }] }))),
    'A chat that it does not hold: chats[0].runners[0].tasks[0].kind is not as the protocol has it.',
  ],
  ['ten chats at most', ofChats((chats) => chats.slice(0, 10)), '90 of 100 chats have no entry. Each id has one.'],
  [
    'everybody is let in',
    (said, heard) =>
      good({ ...heard, token: 'the key' }) && (said.status === 401 ? good({ ...heard, token: 'the key' }) : said),
    'A request without a token must be refused with 401 or 403; it was HTTP 200',
  ],
  [
    'a failure for a body that is no JSON',
    (said, { text }) => (text === 'no JSON' ? { ...refuse(500) } : said),
    'A body that is no JSON must be refused with 400; it was HTTP 500',
  ],
  [
    'refusals in plain text',
    (said) => (said.status === 401 ? { ...said, type: 'text/plain' } : said),
    'A request without a token is refused, but the refusal must be application/problem+json; it was text/plain.',
  ],
  [
    'any number of chats',
    (said, heard) => (heard.ids.length > 100 ? { status: 200, body: {} } : said),
    '101 chats at once must be refused with 400 or 413; it was HTTP 200',
  ],
  [
    'ids by their letters',
    ofChats((chats) => chats.map((chat) => ({ ...chat, chatId: String(chat.chatId).replace(/[A-F]/g, '0') }))),
    'An id in upper case has no entry. Compare ids without regard to case.',
  ],
];

/** Answers of a worker that works on one chat. `change` breaks one promise about it. */
const held = { chatId: randomUUID(), runnerId: randomUUID() };
const working =
  (change: (runner: Record<string, unknown>) => Record<string, unknown>): Change =>
  (said, { isChats, ids }) => {
    if (said.status !== 200) return said;
    const at = new Date(systemClock.now().getTime() - 60_000).toISOString();
    const runner = {
      runnerId: held.runnerId,
      startedAt: at,
      tasks: [{ kind: 'generation', attempt: 1, lastProgressAt: at }],
    };
    if (!isChats)
      return { ...said, body: { ...body(said), startedAt: at, runners: [{ ...runner, chatId: held.chatId }] } };
    const runnersOf = (chatId: string) => (chatId.toLowerCase() === held.chatId ? [change(runner)] : []);
    return { ...said, body: { ...body(said), chats: ids.map((chatId) => ({ chatId, runners: runnersOf(chatId) })) } };
  };
const LIST = 'The answer about chats that it holds: chats[0].runners[0]';

const BROKEN_AT_WORK: [what: string, change: Change, sentence: string][] = [
  [
    'a time without an offset',
    working((runner) => ({ ...runner, startedAt: '2026-12-03T13:00:00' })),
    `${LIST}.startedAt is not as the protocol has it. Invalid ISO datetime, received "2026-12-03T13:00:00".`,
  ],
  [
    'a negative promise',
    working((runner) => ({ ...runner, tasks: [{ kind: 'generation', progressWithinSeconds: -60 }] })),
    `${LIST}.tasks[0].progressWithinSeconds is not as the protocol has it. Too small: expected number to be >=0, received -60.`,
  ],
  [
    'progress that is still to come',
    working((runner) => ({
      ...runner,
      tasks: [{ kind: 'generation', lastProgressAt: new Date(systemClock.now().getTime() + 3_600_000).toISOString() }],
    })),
    'lastProgressAt lies after observedAt. Both are by the same clock.',
  ],
  [
    'another runner than it lists',
    working((runner) => ({ ...runner, runnerId: randomUUID() })),
    'It lists runners that it does not tell of when it is asked about their chats.',
  ],
  [
    'a chat twice',
    (said, heard) => {
      const told = working((runner) => runner)(said, heard) ?? said;
      return heard.isChats && told.status === 200
        ? { ...told, body: { ...body(told), chats: [...(body(told).chats ?? []), ...(body(told).chats ?? [])] } }
        : told;
    },
    '1 more entries than chats: each id has one.',
  ],
  [
    'answers about chats in the name of another worker',
    (said, { isChats }) =>
      isChats && said.status === 200 ? { ...said, body: { ...body(said), workerId: randomUUID() } } : said,
    `It was asked as worker ${workerId}, and its answer is of "`,
  ],
];

describe('a worker that breaks a promise fails, with the sentence that says which', () => {
  const problemsOf = async (change: Change, timeoutMs = 20_000): Promise<string[]> => {
    const url = await listen(async (request, response) => {
      const text = await textOf(request).catch(() => undefined);
      if (text === undefined) return; // whoever asked has given up
      let ids: string[] = [];
      try {
        ids = (JSON.parse(text) as { chatIds?: string[] }).chatIds ?? [];
      } catch {
        // no question
      }
      const token = request.headers.authorization?.replace('Bearer ', '');
      const heard = { isChats: request.method === 'POST', token, text, ids };
      const { status, type = 'application/json', body } = change(good(heard), heard) ?? refuse(500);
      response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
    });
    const worker = await makeWorker({
      ...{ url, timeoutMs, workerId, hasTokens: false, clock: systemClock },
      tokenFor: async () => 'the key',
    });
    const found = [];
    for (const { problems } of CHECKS) found.push(...(await problems(worker)));
    return found;
  };

  test('and one that keeps them all has nothing said of it', async () => {
    expect(await problemsOf((said) => said)).toEqual([]);
  });

  test('and neither has one that keeps them all at work', async () => {
    expect(await problemsOf(working((runner) => runner))).toEqual([]);
  });

  test.each([...BROKEN, ...BROKEN_AT_WORK])('%s', async (_, change, sentence) => {
    expect(await problemsOf(change)).toContainEqual(expect.stringContaining(sentence));
  });

  test('an answer that waits for other work', async () => {
    expect(await problemsOf((said) => said, 0.001)).toContainEqual(
      expect.stringMatching(/^The replica took \d+ ms\. The gateway waits .* answer from memory/),
    );
  });

  test('an answer without end, of which no more is read than the gateway would', async () => {
    let sentBytes = 0;
    const url = await listen((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = 'a'.repeat(64 * 1024);
      const pour = () => {
        while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length;
      };
      response.on('drain', pour);
      request.on('error', () => {});
      pour();
    });
    const worker = await makeWorker({
      ...{ url, timeoutMs: 20_000, workerId, hasTokens: false, clock: systemClock },
      tokenFor: async () => 'the key',
    });
    expect(await CHECKS[0]?.problems(worker)).toContain('The replica has more than 4 MiB, and is not read.');
    expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
  });

  test('a token for another worker that is taken', async () => {
    const url = await listen((_, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ workerId, observedAt: now() }));
    });
    const tokenFor = (id: string) => signInternalToken(INTERNAL_SECRET, id, OWN_CALLER);
    const worker = await makeWorker({
      ...{ url, timeoutMs: 20_000, workerId, hasTokens: true, clock: systemClock },
      tokenFor,
    });
    const check = CHECKS.find(({ promise }) => promise.includes('for another worker'));
    expect(await check?.problems(worker)).toEqual([
      expect.stringContaining('must be refused with 421; it was HTTP 200'),
    ]);
  });
});
