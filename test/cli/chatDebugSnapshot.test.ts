/** `chat-debug snapshot` and `why` beside unreadable values and long texts. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { askSnapshot } from '../../cli/debug/snapshot.ts';
import { askWhy } from '../../cli/debug/why.ts';
import { serversPerTest } from '../gateway/httpServers.ts';
import { askStub, json, seen } from './support/stubGateway.ts';

const servers = serversPerTest();
const [chatId, worker, runner, child, lost] = Array.from({ length: 5 }, () => randomUUID());

/** A row of which nothing is known that may be unknown. */
const NOTHING = {
  ...{ status: 'running', archived: false, title: '', ownerId: randomUUID(), workerId: worker, runnerId: runner },
  ...{ snapshotVersion: null, historyVersion: null, queueVersion: null, generationAttempt: null },
  ...{ updatedAgeSeconds: null, queueDepth: 0, oldestQueuedAgeSeconds: null, lastError: null, retryState: null },
  ...{ retrySecondsLeft: null, requiresActionSecondsLeft: null, heartbeatState: null, heartbeatsReadable: true },
  ...{ heartbeats: [{ runnerId: runner, ageSeconds: null, staleAfterSeconds: 30 }], messageStats: null },
  ...{
    lastMessage: null,
    turn: null,
    openCalls: null,
    children: null,
    lostChildren: null,
    trouble: null,
    debugRun: null,
  },
  unreadable: ['updatedAt', 'snapshotVersion'],
};
const OWNER = {
  ...{ workerId: worker, localWorkerId: worker, workerIdMatchesLocal: true, eventLoopDelayMs: null },
  reachability: { status: 'OK', elapsedMs: 3, address: null, reason: null },
  ...{ runners: [], messageBuffers: [] },
};
const WORKING = { verdict: 'WORKING', summary: 'Working.' };

interface Parts {
  readonly database?: object;
  readonly runtime?: object | null;
  readonly candidates?: readonly object[];
  readonly diagnosis?: object;
}

const snapshot = ({ database = {}, runtime = OWNER, candidates = [], diagnosis = WORKING }: Parts) => ({
  ...{ chatId, executionState: 'R0', database: { ...NOTHING, ...database }, runtime, candidates, diagnosis },
});
const problem = (...path: (string | number)[]) => ({
  ...{ message: 'The value cannot be said.', path: ['chatDebugSnapshot', ...path] },
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
});

async function look(parts: Parts, errors: readonly object[] = []) {
  const ask = await askStub(servers, { TerminalSnapshot: { data: { chatDebugSnapshot: snapshot(parts) }, errors } });
  return askSnapshot(ask, chatId ?? '');
}

describe('a value that cannot be read costs its own line', () => {
  test('nothing known: all that is known is shown, and the rest is called unreadable or not known', async () => {
    const strange = {
      ...{ runnerId: runner, phase: null, uptimeSeconds: null, snapshotVersion: null, idleSeconds: null },
      ...{ activeTask: null, lease: null },
      tasks: [
        {
          ...{ id: 't', kind: 'OTHER', runningSeconds: null, cancelledAt: null, secondsSinceProgress: null },
          ...{ attempt: null, secondsUntilRetry: null, lastError: null, label: null },
          ...{ waitsForDatabaseSeconds: null, breakOffs: null, lastBreakOff: null },
        },
      ],
    };
    const buffer = {
      ...{ historyVersion: null, generationAttempt: null, partsBuffered: null, bytesBuffered: null },
      ...{ partsDropped: null, subscriberCount: null, isClosed: null },
    };
    const shown = await look({ runtime: { ...OWNER, runners: [strange], messageBuffers: [buffer] } }, [
      problem('database', 'openCalls'),
      problem('database', 'lostChildren'),
    ]);
    expect(shown.code).toBe(0);
    const text = seen(shown);
    for (const line of [
      '  status        running; 0 messages queued\n',
      '  changed       unreadable, to version unreadable\n',
      '  versions      history not known, queue not known; calls of the model not known\n',
      '  lease         unreadable\n',
      '                renewed at a time that is unreadable, good for 30 s\n',
      '  open calls    unreadable\n',
      '  children      unreadable\n',
      '  unreadable    updatedAt, snapshotVersion, openCalls, lostChildren\n',
      '                phase not known, no version told\n',
      '                lease not known\n',
      '  task          other for an unknown time, not active\n',
      '  buffer        ?/? state not known: parts not known, bytes not known; readers\n                not known',
    ]) {
      expect(text).toContain(line);
    }
  });

  test('a diagnosis that fails leaves both halves to be seen, and ends with 2', async () => {
    const failed = { ...problem('diagnosis'), message: 'Something went wrong.' };
    const { diagnosis: _, ...halves } = snapshot({});
    const ask = await askStub(servers, {
      TerminalSnapshot: ({ judged }: Record<string, unknown>) =>
        judged === false
          ? { data: { chatDebugSnapshot: halves } }
          : { data: { chatDebugSnapshot: null }, errors: [failed] },
    });
    const shown = await askSnapshot(ask, chatId ?? '');
    expect(shown).toMatchObject({ code: 2, problems: [{ message: 'Something went wrong.' }] });
    expect(seen(shown)).toContain(`UNKNOWN  chat ${chatId}, state R0\nThe gateway could make no diagnosis of it.\n`);
    expect(seen(shown)).toContain(`  owner         replica ${worker}\n`);
  });
});

describe('what is known of a chat', () => {
  test('of a Coder deployment: the slots that it competes for, and when the debug log of its run was last written', async () => {
    const trouble = {
      ...{ canWrite: null, isInRecovery: null, rowLocked: null, rowLockedSeconds: null, ownerRow: 'MISSING' },
      rowAwaited: null,
      ...{ lockedBy: null, pool: { kind: 'SUBAGENT', used: 10, capacity: 10 } },
    };
    const run = { kind: 'chat_turn', status: 'in_progress', provider: 'p', model: 'm', ageSeconds: 3, hasEnded: false };
    const runtime = { ...OWNER, runners: null, reachability: { ...OWNER.reachability, status: 'NOT_ASKED' } };
    const text = seen(await look({ database: { trouble, debugRun: run }, runtime }));
    for (const line of [
      '  slots         10 of 10 slots taken by chats that another chat started\n',
      '  owner row     there is no such replica\n',
      '  debug run     chat_turn, in_progress, p, m, not ended, written 3 s ago\n',
      '  asked         no: nobody asks replicas here',
    ])
      expect(text).toContain(line);
    const ended = { ...run, ageSeconds: null, model: null, hasEnded: true };
    expect(seen(await look({ database: { debugRun: ended } }))).toMatch(
      /in_progress, p, ended, written at a time that/,
    );
    expect(seen(await look({ database: { unreadable: ['debugRun'] } }))).toContain('  debug run     unreadable\n');
  });

  test('its turn, last message, open calls, children, queue, and who holds its row', async () => {
    const database = {
      ...{ queueDepth: 3, oldestQueuedAgeSeconds: 240, updatedAgeSeconds: -3_600, snapshotVersion: 7 },
      lastMessage: { role: 'assistant', ageSeconds: 200, hasText: false, finishReason: 'length' },
      turn: { ageSeconds: 600, steps: 61, toolCalls: 1 },
      openCalls: [{ id: 'call_1', toolName: 'search', ageSeconds: 90, timesUnanswered: 2 }],
      children: {
        edges: [{ node: { chatId: lost, executionState: 'E0' } }, { node: { chatId: child, executionState: 'R0' } }],
        pageInfo: { hasNextPage: true },
      },
      lostChildren: [{ chatId: lost, executionState: 'E0' }],
      trouble: {
        ...{
          canWrite: false,
          isInRecovery: false,
          rowLocked: true,
          rowLockedSeconds: 130,
          rowAwaited: true,
          ownerRow: 'STOPPED',
          pool: null,
        },
        lockedBy: {
          ...{ processId: 4711, applicationName: 'psql', state: 'idle in transaction' },
          ...{ transactionSeconds: 130, waitingFor: null },
        },
      },
    };
    const text = seen(await look({ database }));
    for (const line of [
      '  status        running; 3 messages queued, the oldest 4 min ago\n',
      '  changed       60 min ahead of the clock, to version 7\n',
      '  last message  assistant, 3 min ago, without text, finish reason length\n',
      '  turn          asked for 10 min ago: 61 steps, 1 tool call\n',
      '  open call     search, called 90 s ago, 2 calls of it in a row without an\n                answer (call_1)\n',
      `  lost child    ${lost}, state E0\n  child         ${child}, state R0\n                … and more children\n`,
      '  database      takes no writes\n',
      '  row           held by session “psql”, process 4711, idle in transaction, its\n                transaction began 2 min ago, and somebody waits for it\n',
      '  owner row     the replica has stopped in order\n',
    ]) {
      expect(text).toContain(line);
    }
  });

  test('how long it waits for a tool, which may be for ever', async () => {
    const waits = { status: 'requires_action' };
    const deadline = async (database: object) => / deadline +(.*)/.exec(seen(await look({ database })))?.[1];
    expect(await deadline({ ...waits, requiresActionSecondsLeft: 90 })).toBe('for a tool result: in 90 s');
    expect(await deadline(waits)).toBe('none: it waits for a tool result without end');
    const unreadable = ['requiresActionDeadlineAt'];
    expect(await deadline({ ...waits, unreadable })).toBe('for a tool result: unreadable');
    expect(await deadline({})).toBeUndefined();
  });

  test('of a chat that nobody owns, the replicas that could take it', async () => {
    const full = {
      workerId: worker,
      reachability: { status: 'OK' },
      isFull: true,
      runnerCount: 5,
      capacity: 5,
      isDraining: false,
    };
    const leaving = { ...full, workerId: lost, isFull: false, isDraining: true, runnerCount: 1 };
    const away = { ...full, workerId: child, reachability: { status: 'TIMED_OUT' }, isFull: null, runnerCount: null };
    const text = seen(await look({ runtime: null, candidates: [full, leaving, away] }));
    expect(text).toContain(
      `  No replica owns the chat.\n  candidate     ${worker}: full, 5/5 runners\n  candidate     ${lost}: stopping, 1/5 runners\n  candidate     ${child}: TIMED_OUT`,
    );
  });

  test('what its task waits for, and how often it broke off', async () => {
    const task = {
      ...{ id: 't', kind: 'GENERATION', runningSeconds: 40, cancelledAt: null, secondsSinceProgress: 30, attempt: 1 },
      ...{ secondsUntilRetry: null, lastError: null, label: 'commits a step', waitsForDatabaseSeconds: 20 },
      ...{ breakOffs: 3, lastBreakOff: 'LOCKED' },
    };
    const busy = {
      ...{ runnerId: runner, phase: 'RUNNING', uptimeSeconds: 60, snapshotVersion: 2, idleSeconds: null },
      ...{ activeTask: { id: 't' }, lease: null, tasks: [task] },
    };
    const text = seen(await look({ runtime: { ...OWNER, runners: [busy] } })).replace(/\s+/g, ' ');
    expect(text).toContain(
      'generation for 40 s, commits a step, call 1 of the model, last progress 30 s ago, waiting for the database for 20 s, broke off 3 times: LOCKED',
    );
  });

  test('that by setting nobody is asked', async () => {
    const reachability = { status: 'NOT_ASKED', elapsedMs: 0, address: null, reason: null };
    const runtime = { ...OWNER, localWorkerId: null, workerIdMatchesLocal: null, reachability, runners: null };
    const shown = await look({ runtime, diagnosis: { verdict: 'STUCK', summary: 'Stuck.' } });
    expect(shown.code).toBe(1);
    expect(seen(shown)).toContain('  asked         no: nobody asks replicas here');
    expect(seen(shown)).not.toContain('  runners ');
  });
});

describe('much text', () => {
  const endless = 'ab '.repeat(1_000_000);

  test('snapshot cuts a value of 3 MB and says so; JSON is whole', async () => {
    const shown = await look({ database: { lastError: { kind: 'model', message: endless } } });
    const text = seen(shown);
    expect(text.length).toBeLessThan(5_000);
    expect(text.replace(/\s+/g, ' ')).toContain('… (cut, of 3000000 characters)');
    expect(JSON.parse(json(shown))).toMatchObject({
      chatDebugSnapshot: { database: { lastError: { message: endless } } },
    });
  });

  test.each([
    ['many members', Array.from({ length: 100_000 }, (_, i) => ({ i }))],
    ['a name of 3 MB', { [endless]: 1 }],
    ['a value in a value in a value', JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`) as unknown],
  ])('a stored value with %s fills no terminal', async (_, lastError) => {
    expect(seen(await look({ database: { lastError } })).length).toBeLessThan(5_000);
  });

  test('a name inside a stored value acts on the terminal no more than a value does', async () => {
    const shown = await look({ database: { lastError: { 'a\u202eb\u009b2J': '\u2066c' } } });
    expect(seen(shown)).toContain('{"ab2J":"c"}');
    expect(json(shown)).toContain('"a\\u202eb\\u009b2J": "\\u2066c"');
  });

  const finding = { code: 'ERRORED', severity: 'WARNING', message: 'The last turn failed.', evidence: [] };
  const why = async (found: object, status = 'OK') => {
    const diagnosis = { verdict: 'FAILED', summary: 'Failed.', consistency: 'NOT_COMPARED', findings: [found] };
    const chat = { chatId, executionState: 'E0', runtime: { reachability: { status } }, diagnosis };
    const ask = await askStub(servers, { TerminalWhy: { data: { chatDebugSnapshot: chat } } });
    return askWhy(ask, chatId ?? '');
  };

  test('why cuts evidence of 3 MB, and wraps long suggestions of any script', async () => {
    const evidence = [{ source: 'DATABASE', field: 'database.lastError', value: endless }];
    const suggestion = `${'Shorten the history. '.repeat(10)}\`npm run chat -- show ${chatId}\` ${'履歴を短くしてください。'.repeat(20)}`;
    const shown = await why({ ...finding, evidence, suggestion });
    const text = seen(shown);
    expect(text.replace(/\s+/g, ' ')).toContain('… (cut, of 3000000 characters)');
    expect(text.match(/Shorten\s+the\s+history\./g)).toHaveLength(10);
    expect(text.replace(/\s+/g, '').match(/履歴を短くしてください。/g)).toHaveLength(20);
    expect(text).toContain(`\n    npm run chat -- show ${chatId}\n`);
    for (const line of text.split('\n')) expect([line, line.length <= 80]).toEqual([line, true]);
    expect(json(shown)).toContain(endless);
  });

  test('why says that memory was not asked, in place of comparing', async () => {
    const text = seen(await why({ ...finding, suggestion: null }, 'NOT_ASKED'));
    expect(text).toMatch(/No replica is asked here for what it holds in memory: the verdict goes by the\s+rows/);
    expect(text).not.toContain('The two halves');
  });
});
