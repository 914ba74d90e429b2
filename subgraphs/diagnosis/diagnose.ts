/** From a snapshot to a diagnosis. */
import * as is from './conditions.ts';
import {
  type Consistency,
  type Diagnosis,
  type DiagnosisSettings,
  type Evidence,
  type Finding,
  SEVERITIES,
  type Severity,
  type Verdict,
} from './diagnosis.ts';
import { RULES, type Rule } from './rules.ts';
import { type Situation, situationOf } from './situation.ts';
import { type Snapshot, valueAt } from './snapshot.ts';
import { type Found, type Readings, summaryOf } from './summary.ts';
import { sentence } from './wording.ts';

/** Pure: every age comes with the data. */
export function diagnose(snapshot: Snapshot, settings: DiagnosisSettings, readings: Readings = {}): Diagnosis {
  const situation = situationOf(snapshot, settings);
  const found = findAll(situation);
  const consistency = consistencyOf(situation, readings.first);
  const verdict = readings.notRepeated ? 'UNKNOWN' : verdictOf(situation, found);
  return {
    verdict,
    summary: summaryOf(verdict, situation, found, readings),
    consistency,
    findings: found.map((one) => finding(one, situation, readings)),
  };
}

/** Halves that may be from different moments can look like trouble that there never was. */
export const shouldReadAgain = ({ verdict, consistency }: Diagnosis): boolean =>
  verdict === 'STUCK' && consistency !== 'EXACT';

/** Worst first; of the same severity in the order of the rules. At most one is CRITICAL. */
function findAll(situation: Situation): Found[] {
  const rules: readonly Rule[] = RULES;
  const found = rules.filter((rule) => rule.when(situation)).map((rule) => ({ rule, severity: own(rule, situation) }));
  const root = found.find(({ severity }) => severity === 'CRITICAL');
  return found
    .map((one): Found => (one.severity === 'CRITICAL' && one !== root ? { ...one, severity: 'WARNING' } : one))
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

const own = ({ severity }: Rule, situation: Situation): Severity =>
  typeof severity === 'function' ? severity(situation) : severity;

/** The first that holds. */
function verdictOf(situation: Situation, found: readonly Found[]): Verdict {
  if (is.errored(situation)) return 'FAILED';
  if (found.some(({ severity }) => severity === 'CRITICAL')) return 'STUCK';
  if (situation.state === null) return 'UNKNOWN';
  if (situation.runnable && situation.owner !== 'OK' && situation.owner !== 'UNOWNED') return 'UNKNOWN';
  if (is.waitsForOutside(situation) || is.inBackoff(situation)) return 'WAITING';
  return situation.runnable ? 'WORKING' : 'IDLE';
}

function consistencyOf(
  { snapshot, database, runtime, rowRunner }: Situation,
  first: Snapshot | undefined,
): Consistency {
  const before = first?.database;
  const moved = before && (before.workerId !== database?.workerId || before.runnerId !== database?.runnerId);
  if ((moved && snapshot.database) || runtime?.value.workerIdMatchesLocal === false) return 'OWNER_MOVED';
  const written = database?.snapshotVersion ?? null;
  if (!rowRunner || written === null) return 'NOT_COMPARED';
  const handled = rowRunner.value.snapshotVersion ?? 0;
  if (written === handled) return 'EXACT';
  return written > handled ? 'DATABASE_AHEAD' : 'RUNTIME_AHEAD';
}

function finding({ rule, severity }: Found, situation: Situation, readings: Readings): Finding {
  const command = rule.command(situation);
  const told = readings.first
    ? `${rule.says(situation)} (read twice; this is the second reading)`
    : rule.says(situation);
  const step = `${sentence(rule.act(situation))} ${command && `\`${command}\``}`;
  return {
    code: rule.code,
    severity,
    message: sentence(told),
    evidence: [...new Set(rule.evidence(situation))].map((field) => evidence(situation.snapshot, field)),
    suggestion: command && `${step} See docs/runbook.md#${rule.code.toLowerCase().replaceAll('_', '-')}`,
  };
}

const evidence = (snapshot: Snapshot, field: string): Evidence => ({
  source: field.startsWith('runtime') || field.startsWith('everywhere') ? 'RUNTIME' : 'DATABASE',
  field,
  value: valueAt(snapshot, field),
});
