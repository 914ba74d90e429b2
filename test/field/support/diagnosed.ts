/** A diagnosis as the gateway answers it, arranged for tests. */

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly suggestion: string | null;
  readonly evidence: readonly { readonly field: string; readonly value: string }[];
}

export interface Diagnosed {
  readonly executionState: string;
  readonly verdict: string;
  readonly summary: string;
  readonly findings: readonly Finding[];
  /** The severity of each finding, by its code. */
  readonly severities: Readonly<Record<string, string>>;
}

export interface DiagnosedNode {
  readonly executionState: string;
  readonly diagnosis: Pick<Diagnosed, 'verdict' | 'summary' | 'findings'>;
}

export const DIAGNOSED_FIELDS =
  'executionState diagnosis { verdict summary findings { code severity message suggestion evidence { field value } } }';

export function diagnosedOf({ executionState, diagnosis }: DiagnosedNode): Diagnosed {
  const severities = Object.fromEntries(diagnosis.findings.map(({ code, severity }) => [code, severity]));
  return { executionState, ...diagnosis, severities };
}

/** Message and suggestion of a finding; empty: there is no such finding. */
export function wordsOf({ findings }: Diagnosed, code: string): string {
  const found = findings.find((finding) => finding.code === code);
  return found ? `${found.message}\n${found.suggestion ?? ''}` : '';
}

/** Diagnosis of a chat whose turn ended well: nothing is found. */
export const WELL = { executionState: 'W', verdict: 'IDLE', severities: {} };

/** The part of a diagnosis to hold against `WELL`. */
export const essenceOf = ({ executionState, verdict, severities }: Diagnosed) => ({
  executionState,
  verdict,
  severities,
});
