/** Advice for a Coder deployment, which must be possible there: none of this project's own means is named. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { diagnose } from '../../../domain/diagnosis/diagnose.ts';
import { RULES } from '../../../domain/diagnosis/rules.ts';
import type { Snapshot } from '../../../domain/diagnosis/snapshot.ts';
import { CIRCUMSTANCES } from '../../../scripts/circumstances.ts';
import {
  circumstanceSnapshot,
  combinationSnapshot,
  combinations,
  MATRIX_SETTINGS,
  NO_TROUBLE,
} from '../../../scripts/combinations.ts';
import { anySnapshot } from './arbitrarySnapshots.ts';

const OWN_MEANS =
  /npm run chat |\breleas|start (a|one) replica|start one|MODEL|RELAY_ADDRESS|REPLICA_ADDRESS_ALLOW|INTERNAL_SECRET|MAX_RUNNERS|runnersByOwner/;
const PATHS = /\/(interrupt|messages|messages\/<message>|tool-results|reconcile-invalid|compact)"$/;

const DELETES_LEASE =
  /^psql "\$CODER_PG_CONNECTION_URL" -c "DELETE FROM chat_heartbeats WHERE chat_id = '[0-9a-f-]{36}' AND runner_id = '[0-9a-f-]{36}'"$/;

const KINDS = ['auth', 'quota', 'context_length', 'history', 'content_filter', 'internal', 'step_limit', 'other', null];
const POOLS = [null, { kind: 'ROOT', used: 5, capacity: 5 }, { kind: 'SUBAGENT', used: 1, capacity: 10 }];

/** The same chat on a Coder deployment, with each pool. */
const onCoder = (snapshot: Snapshot): Snapshot[] =>
  POOLS.map((pool) => {
    const { database } = snapshot;
    const trouble = { ...(database?.trouble ?? NO_TROUBLE), platform: 'coder', pool };
    return { ...snapshot, database: database && { ...database, trouble } };
  });

function failed(kind: string | null, status_code: number | null, retryable: boolean | null): Snapshot[] {
  const lastError = { kind, message: 'no', status_code, retryable };
  return (['E0', 'E1'] as const).flatMap((state) => {
    const base = combinationSnapshot({ state, owner: 'unowned', lease: 'unowned', runners: 'unowned' });
    const openCalls = [{ id: 'call_1', toolName: 'ask', ageSeconds: 9, timesUnanswered: 1 }];
    return [null, openCalls].map((calls) => ({
      ...base,
      database: base.database && { ...base.database, lastError, openCalls: calls },
    }));
  });
}

const situations = [
  ...combinations().map(combinationSnapshot),
  ...CIRCUMSTANCES.map(circumstanceSnapshot),
  ...KINDS.flatMap((kind) =>
    [null, 401, 402, 404].flatMap((code) => [true, false].flatMap((re) => failed(kind, code, re))),
  ),
  ...fc.sample(anySnapshot, { numRuns: 6_000, seed: 3 }),
]
  .filter(({ database }) => database !== null) // without its row it is not known where the chat is
  .flatMap(onCoder);

const diagnoses = situations.map((snapshot) => diagnose(snapshot, MATRIX_SETTINGS));
const findings = diagnoses.flatMap((one) => one.findings);

describe('on a Coder deployment', () => {
  test('every finding is among the situations', () => {
    const seen = new Set<string>(findings.map(({ code }) => code));
    expect(RULES.map(({ code }) => code).filter((code) => !seen.has(code))).toEqual([]);
  });

  test('no word of a diagnosis names means that are only ours', () => {
    const words = diagnoses.flatMap(({ summary, findings: found }) => [
      summary,
      ...found.flatMap(({ message, suggestion }) => [message, suggestion ?? '']),
    ]);
    expect([...new Set(words)].filter((text) => OWN_MEANS.test(text)).slice(0, 5)).toEqual([]);
  });

  test('every command is one of the terminal, or a request that can be pasted', () => {
    const commands = findings.flatMap(({ suggestion }) => /`([^`]*)`/.exec(suggestion ?? '')?.[1] ?? []);
    const others = [...new Set(commands)].filter((command) => !command.startsWith('npm run chat-debug -- '));
    const requests = others.filter((command) => !DELETES_LEASE.test(command));
    expect(requests.length).toBeLessThan(others.length);
    for (const request of requests) {
      expect(request).toMatch(/^curl -X (GET|POST|PATCH) -H "Coder-Session-Token: \$CODER_SESSION_TOKEN"/);
      expect(request).toMatch(/"\$CODER_URL\/api\/experimental\/chats\/[0-9a-f-]{36}\/[a-z/<>-]+"$/);
      expect(request).toMatch(PATHS);
      const body = /-d '([^']*)'/.exec(request)?.[1];
      if (body !== undefined) expect(() => JSON.parse(body) as unknown).not.toThrow();
    }
    const paths = new Set(requests.map((request) => PATHS.exec(request)?.[1]));
    expect([...paths].sort()).toEqual([
      'compact',
      'interrupt',
      'messages',
      'messages/<message>',
      'reconcile-invalid',
      'tool-results',
    ]);
  });
});
