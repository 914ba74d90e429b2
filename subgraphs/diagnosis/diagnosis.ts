/** What a diagnosis is made of. Names and values are those of the schema. */
export const SEVERITIES = ['CRITICAL', 'WARNING', 'INFO'] as const;
export type Severity = (typeof SEVERITIES)[number];
export const VERDICTS = ['IDLE', 'WORKING', 'WAITING', 'FAILED', 'STUCK', 'UNKNOWN'] as const;
export type Verdict = (typeof VERDICTS)[number];
export const CONSISTENCIES = ['EXACT', 'DATABASE_AHEAD', 'RUNTIME_AHEAD', 'OWNER_MOVED', 'NOT_COMPARED'] as const;
export type Consistency = (typeof CONSISTENCIES)[number];

export interface Evidence {
  readonly source: 'DATABASE' | 'RUNTIME';
  /** The path in the snapshot. */
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
  /** Worst first. */
  readonly findings: readonly Finding[];
}

/** What the rules need to know of how the system is set; in seconds. */
export interface DiagnosisSettings {
  /** Where the owner's own is not known. */
  readonly staleAfterSeconds: number;
  /** Where the owner's own is not known. */
  readonly heartbeatIntervalSeconds: number;
  readonly acquisitionIntervalSeconds: number;
  readonly noProgressSeconds: number;
}
