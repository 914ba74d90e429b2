/** Applies the rules to a situation. */
import { SEVERITIES, type Severity } from './diagnosis.ts';
import type { Rule } from './rule.ts';
import { type FindingCode, RULES } from './rules.ts';
import type { Situation } from './situation.ts';

/** A rule that applies, with its severity in this situation. */
export interface Found {
  readonly rule: Rule<FindingCode>;
  readonly severity: Severity;
}

/** Findings, worst first, and in the order of the rules within a severity. At most one is CRITICAL. */
export function findAll(situation: Situation): Found[] {
  const rules: readonly Rule<FindingCode>[] = RULES;
  const apply = rules.filter((rule) => rule.when(situation));
  const found = apply
    .filter(({ alone }) => !alone || apply.length === 1)
    .map((rule) => ({ rule, severity: own(rule, situation) }));
  const root = found.find(({ severity }) => severity === 'CRITICAL');
  return found
    .map((one): Found => (one.severity === 'CRITICAL' && one !== root ? { ...one, severity: 'WARNING' } : one))
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

export const has = (found: readonly Found[], code: FindingCode): boolean =>
  found.some(({ rule }) => rule.code === code);

const own = ({ severity }: Rule, situation: Situation): Severity =>
  typeof severity === 'function' ? severity(situation) : severity;
