/** The way from a snapshot to a diagnosis. */
import { rowMayBeOld } from './conditions/database.ts';
import { ownerNotHeard } from './conditions/owner.ts';
import { errored } from './conditions/rest.ts';
import { undecided, waitsForOutside } from './conditions/row.ts';
import { runGetsOn } from './conditions/turn.ts';
import type { Consistency, Diagnosis, DiagnosisSettings, Evidence, Finding, Verdict } from './diagnosis.ts';
import { type Found, findAll, has } from './findings.ts';
import { type Situation, situationOf } from './situation.ts';
import { type Snapshot, valueAt } from './snapshot.ts';
import { type Readings, summaryOf } from './summary.ts';
import { sentence } from './wording.ts';

/** Judges a snapshot. Pure: every age comes with the data. */
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

/** True if halves of different moments may have made a chat look stuck. */
export const shouldReadAgain = ({ verdict, consistency }: Diagnosis): boolean =>
  verdict === 'STUCK' && consistency !== 'EXACT';

/** Picks the first verdict that holds. Once other trouble is certain, an unreadable value decides nothing. */
function verdictOf(situation: Situation, found: readonly Found[]): Verdict {
  const { state, runnable, owner, lease } = situation;
  const critical = found.some(({ severity }) => severity === 'CRITICAL');
  if (has(found, 'STATUS_UNKNOWN') || (undecided(situation) && !critical)) return 'UNKNOWN';
  if (errored(situation)) return 'FAILED';
  if (critical) return rowMayBeOld(situation) ? 'UNKNOWN' : 'STUCK';
  if (state === null || ownerNotHeard(situation)) return 'UNKNOWN';
  if (runnable && owner === 'NOT_ASKED' && lease === 'NOT_KNOWN' && !runGetsOn(situation)) return 'UNKNOWN';
  const waits = has(found, 'RETRY_BACKOFF') || has(found, 'CAPACITY_WAIT');
  if (waitsForOutside(situation) || waits) return 'WAITING';
  return runnable ? 'WORKING' : 'IDLE';
}

function consistencyOf(
  { snapshot, database, runtime, rowRunner }: Situation,
  first: Snapshot | undefined,
): Consistency {
  const before = first?.database;
  const moved = before && (before.workerId !== database?.workerId || before.runnerId !== database?.runnerId);
  if ((moved && snapshot.database) || runtime?.value.workerIdMatchesLocal === false) return 'OWNER_MOVED';
  const written = database?.snapshotVersion ?? null;
  const handled = rowRunner?.value.snapshotVersion ?? null;
  if (written === null || handled === null) return 'NOT_COMPARED';
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

/** Paths that are read from replicas. */
const OF_REPLICAS = /^(runtime|everywhere|candidates)\b/;

const evidence = (snapshot: Snapshot, field: string): Evidence => ({
  source: OF_REPLICAS.test(field) ? 'RUNTIME' : 'DATABASE',
  field,
  value: valueAt(snapshot, field),
});
