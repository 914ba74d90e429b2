/**
 * Real replicas and a real Postgres under random faults, and a search for what must never happen.
 * `faultRun.ts` says how it works. A longer run: `npm run test:faults`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FAULT_RUN } from '../support/scale.ts';
import { runFaults } from './faultRun.ts';
import { FAULTS } from './plan.ts';
import { describeViolations, report } from './report.ts';

const AROUND_MS = 240_000;

test(
  'no fault makes two replicas write to one chat, loses or repeats a message, or leaves a chat alone',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chat-debug-faults-'));
    const findings = await runFaults(FAULT_RUN, folder).catch((error: unknown) => {
      throw new Error(`The run with FAULT_SEED=${FAULT_RUN.seed} broke off; its logs are in ${folder}`, {
        cause: error,
      });
    });
    process.stdout.write(report(findings));
    if (findings.violations.length > 0) throw new Error(describeViolations(findings, folder));
    rmSync(folder, { recursive: true });
    expect([...findings.injected.keys()].sort()).toEqual(Object.keys(FAULTS).sort());
    expect(Math.min(...findings.injected.values())).toBeGreaterThanOrEqual(2);
  },
  FAULT_RUN.seconds * 1000 + AROUND_MS,
);
