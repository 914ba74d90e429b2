/** Check that codes, commands and links of findings exist. */
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isEnumType, parse } from 'graphql';
import { CHAT_ACTIONS, shortName } from '../../../domain/actions/names.ts';
import { possibleAction } from '../../../domain/actions/offers.ts';
import { diagnose } from '../../../domain/diagnosis/diagnose.ts';
import { RULES } from '../../../domain/diagnosis/rules.ts';
import { readSnapshot, valueAt } from '../../../domain/diagnosis/snapshot.ts';
import { secondsText, word } from '../../../domain/diagnosis/wording.ts';
import { MATRIX_SETTINGS } from '../../../scripts/combinations.ts';
import { SCHEMA_FILE } from '../../../subgraphs/diagnosis/requiredFields.ts';
import { anySnapshot } from '../../subgraphs/diagnosis/arbitrarySnapshots.ts';
import { healthySnapshot } from '../../subgraphs/diagnosis/healthySnapshots.ts';
import { diagnosisOf } from '../../subgraphs/diagnosis/snapshots.ts';
import { runScript } from '../../support/command.ts';

const snapshots = [
  ...fc.sample(anySnapshot, { numRuns: 4_000, seed: 1 }),
  ...fc.sample(healthySnapshot, { numRuns: 400, seed: 1 }),
];
const findings = snapshots.flatMap((snapshot) => diagnose(snapshot, MATRIX_SETTINGS).findings);

/** Action that a suggestion names, in the letters of the schema. */
const namedIn = (suggestion: string | null) =>
  CHAT_ACTIONS.find((action) => suggestion?.includes(` --action ${shortName(action)}`));

describe('every rule', () => {
  test('has a code of the schema, and every code of the schema has a rule', () => {
    const schema = buildSubgraphSchema({ typeDefs: parse(readFileSync(SCHEMA_FILE, 'utf8')) });
    const codes = schema.getType('FindingCode');
    const names = isEnumType(codes) ? codes.getValues().map(({ name }) => name) : [];
    expect(RULES.map(({ code }) => code).sort()).toEqual(names.sort());
  });

  test('applies to some of the snapshots below', () => {
    const seen = new Set(findings.map(({ code }) => code));
    expect(RULES.map(({ code }) => code).filter((code) => !seen.has(code))).toEqual([]);
  });
});

test('how long something takes is said in the unit that people would use', () => {
  const said = [0.04, 9.94, 45, 119, 600, 10_800, 172_799, 172_800, 5_184_000, 63_072_000, 2_302_031_416, null];
  expect(said.map(secondsText)).toEqual([
    ...['0 s', '9.9 s', '45 s', '119 s', '10 min', '3 h', '48 h', '2 days', '60 days', '2 years', '73 years'],
    'an unknown time',
  ]);
});

test('a text is cut between characters: half of one is no text, and other programs refuse the whole answer for it', () => {
  for (const before of ['', 'a']) {
    const long = before + '😀'.repeat(400);
    const snapshot = readSnapshot({ chatId: 'a', database: { lastError: { message: long } } });
    for (const shown of [valueAt(snapshot, 'database.lastError.message'), word(long)]) {
      expect(shown).toMatch(/😀…$/u);
      expect(shown).not.toMatch(/\p{Cs}/u);
    }
  }
});

describe('every suggestion', () => {
  const suggestions = findings.flatMap(({ code, suggestion }) => (suggestion ? [{ code, suggestion }] : []));

  test('is a sentence, a command and a link to the section of its code', () => {
    for (const { code, suggestion } of suggestions) {
      const [, command, section] =
        /^[A-Z].*\. `((?:npm run|curl -X|psql) [^`]+)` See docs\/runbook\.md#([a-z-]+)$/s.exec(suggestion) ?? [];
      expect([suggestion, section]).toEqual([suggestion, code.toLowerCase().replaceAll('_', '-')]);
      expect(command).toBeDefined();
    }
  });

  test('that names an action names one that is offered then, as an answer to its finding', () => {
    const named = snapshots.flatMap((snapshot) => {
      const { executionState: state, database } = snapshot;
      if (!state || !database) return [];
      const { workerId, runnerId, queueDepth } = database;
      const chat = { state, workerId, runnerId, queueDepth: queueDepth ?? 0 };
      return diagnose(snapshot, MATRIX_SETTINGS).findings.flatMap(({ code, suggestion }) => {
        const action = namedIn(suggestion);
        if (!action) return [];
        const { whyNot, answers } = possibleAction(action, chat);
        return [`${code} ${action} ${whyNot ?? (answers as readonly string[]).includes(code)}`];
      });
    });
    expect([...new Set(named)].filter((one) => !one.endsWith(' true'))).toEqual([]);
    expect(new Set(named.map((one) => one.split(' ')[1]))).toEqual(
      new Set(['RELEASE_CHAT', 'RECONCILE_CHAT', 'INTERRUPT_CHAT', 'RETRY_CHAT']),
    );
  });

  test('names commands that there are', async () => {
    const { scripts } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    const { stdout } = await runScript('dist/cli/chat.js', ['--help'], {});
    const named = new Set(
      suggestions.flatMap(({ suggestion }) => /`npm run ([a-z-]+(?: -- [a-z-]+)?)/.exec(suggestion)?.[1] ?? []),
    );
    for (const name of named) {
      const [script = '', command = ''] = name.split(' -- ');
      expect(Object.keys(scripts)).toContain(script);
      if (script === 'chat') expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'));
    }
    expect([...named].sort()).toEqual([
      'chat -- send',
      'chat -- show',
      'chat -- tool-result',
      'chat-debug -- fix',
      'chat-debug -- replicas',
      'chat-debug -- snapshot',
      'chat-debug -- why',
    ]);
  });
});

describe('the summary', () => {
  test.each([
    [{}, 'Working: replica 00000000-0000-4000-8000-000000000001 is at it, last progress 1 s ago; nobody has to act.'],
    [{ state: 'W', owner: 'unowned' }, 'Idle: the next message is the person’s move.'],
    [{ state: 'XE1', owner: 'unowned' }, 'Idle: it is archived, and nobody’s move.'],
    [
      { state: 'A0' },
      'Waiting: it waits for a tool result from outside (ask) for 100 s more; the tool outside should answer the call.',
    ],
    [{ state: 'E0', owner: 'unowned' }, 'Failed: the last turn failed; the person should retry the turn.'],
    [
      { owner: 'STOPPED' },
      'Stuck: replica 00000000-0000-4000-8000-000000000001 owns it, and has stopped; an operator should take it from replica 00000000-0000-4000-8000-000000000001, so that another goes on.',
    ],
    [
      { state: 'INVALID', owner: 'unowned' },
      'Stuck: its status, queue and archived marker make no state that the state machine knows; an operator should repair it.',
    ],
  ] as const)('of %j', (changes, summary) => {
    expect(diagnosisOf(changes).summary).toBe(summary);
  });
});
