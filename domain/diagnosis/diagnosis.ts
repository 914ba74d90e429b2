/** Shape of a diagnosis. Names and values are those of the schema. */
import type { Thresholds } from '../thresholds.ts';

export const SEVERITIES = ['CRITICAL', 'WARNING', 'INFO'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const VERDICTS = ['IDLE', 'WORKING', 'WAITING', 'FAILED', 'STUCK', 'UNKNOWN'] as const;
export type Verdict = (typeof VERDICTS)[number];
export const CONSISTENCIES = ['EXACT', 'DATABASE_AHEAD', 'RUNTIME_AHEAD', 'OWNER_MOVED', 'NOT_COMPARED'] as const;
export type Consistency = (typeof CONSISTENCIES)[number];

export interface Evidence {
  readonly source: 'DATABASE' | 'RUNTIME';
  /** Path in the snapshot. */
  readonly field: string;
  readonly value: string;
}

export interface Finding<Code extends string = string> {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly suggestion: string | null;
}

export interface Diagnosis {
  readonly verdict: Verdict;
  readonly summary: string;
  readonly consistency: Consistency;
  /** Findings, worst first. */
  readonly findings: readonly Finding[];
}

/** Thresholds where neither the snapshot nor the owner brings its own. Those left out take their defaults. */
export type DiagnosisSettings = Partial<Thresholds>;
