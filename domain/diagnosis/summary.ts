/** A diagnosis in one sentence: the trouble, who should act, and what could not be known. */
import { rowMayBeOld } from './conditions/database.ts';
import { noOwner, ownerGone } from './conditions/owner.ts';
import { callRefused } from './conditions/refusals.ts';
import { pausedByPerson, unreadable } from './conditions/row.ts';
import { shouldHaveBeenPickedUp } from './conditions/time.ts';
import { runGetsOn } from './conditions/turn.ts';
import type { Verdict } from './diagnosis.ts';
import { type Found, has } from './findings.ts';
import { refusalText } from './refusal.ts';
import type { Rule } from './rule.ts';
import type { Situation } from './situation.ts';
import type { Snapshot } from './snapshot.ts';
import { listed, secondsText, sentence } from './wording.ts';

/** Clauses on why there was no second reading. */
export const NOT_REPEATED = { notHere: 'that cannot be done here', failed: 'that failed' } as const;

/** State of knowledge on how the halves were read. */
export interface Readings {
  /** First reading, when this summary is about a second one. */
  readonly first?: Snapshot;
  /** Clause on why there was no second reading where there should be one. */
  readonly notRepeated?: string;
  /** True if every replica was to be asked. */
  readonly everywhere?: boolean;
}

const WORDS: Readonly<Record<Verdict, string>> = {
  IDLE: 'Idle',
  WORKING: 'Working',
  WAITING: 'Waiting',
  FAILED: 'Failed',
  STUCK: 'Stuck',
  UNKNOWN: 'Not known',
};

/** @param found worst first */
export function summaryOf(
  verdict: Verdict,
  situation: Situation,
  found: readonly Found[],
  readings: Readings = {},
): string {
  const worst = found.find(({ severity }) => severity !== 'INFO') ?? (verdict === 'WAITING' ? found[0] : undefined);
  const { notRepeated, first } = readings;
  const clauses = [
    worst ? withMove(worst.rule, situation) : quiet(verdict, situation, found),
    worst && verdict === 'UNKNOWN' && situation.owner === 'NOT_KNOWN' && notAsked(situation),
    notRepeated && `but both halves must be read again before it may be called stuck, and ${notRepeated}`,
    verdict === 'UNKNOWN' && worst?.severity === 'CRITICAL' && rowMayBeOld(situation) && behind(situation),
    first && (verdict === 'STUCK' ? 'a second reading says so too' : 'the first of two readings had it stuck'),
    readings.everywhere && !situation.others && 'which other replicas there are could not be read',
    ...unknown(situation, worst?.rule),
  ];
  return sentence(`${WORDS[verdict]}: ${clauses.filter(Boolean).join('; ')}`);
}

/** Clause on a standby whose rows may be too old to call a chat stuck. */
function behind({ database }: Situation): string {
  const lag = database?.trouble?.replayLagSeconds ?? null;
  const by = lag === null ? 'has replayed nothing yet' : `may be ${secondsText(lag)} behind`;
  return `but its row was read on a standby, which ${by}: ask where the primary is read before you act`;
}

function withMove(rule: Rule, s: Situation): string {
  if (rule.command(s) === null) return `${rule.says(s)}; nobody has to act`;
  return `${rule.says(s)}; ${typeof rule.who === 'string' ? rule.who : rule.who(s)} should ${rule.act(s)}`;
}

/** Clause for a chat with which nothing is wrong, as far as could be seen. */
function quiet(verdict: Verdict, s: Situation, found: readonly Found[]): string {
  if (verdict === 'UNKNOWN')
    return `${notAsked(s)}; ${s.owner === 'NOT_ASKED' ? 'an operator should see why its lease cannot be read' : 'whoever asks should ask again'}`;
  if (verdict === 'IDLE') {
    if (pausedByPerson(s)) return 'the person edits a queued message, and it is their move';
    return s.state === 'W' ? 'the next message is the person’s move' : 'it is archived, and nobody’s move';
  }
  if (noOwner(s) || ownerGone(s)) return 'it waits for a worker to take it; nobody has to act';
  if (s.owner === 'NOT_ASKED') {
    const since = has(found, 'QUIET') ? `, and its row has not changed for ${secondsText(s.age)}` : '';
    return `replica ${s.workerId} ${holds(s)}${logged(s)}${since}; nobody has to act`;
  }
  const since = s.task?.secondsSinceProgress ?? null;
  const progress = since === null ? '' : `, last progress ${secondsText(since)} ago`;
  const waits = s.task?.waitsForDatabaseSeconds ?? null;
  const refused = callRefused(s);
  const why = refused ? `: ${refusalText(refused)}` : '';
  const database = waits === null ? '' : `, and has waited for the database for ${secondsText(waits)}${why}`;
  return `replica ${s.workerId} is at it${progress}${database}; nobody has to act`;
}

function holds(s: Situation): string {
  if (s.lease === 'FRESH') return 'has a fresh lease on it';
  return shouldHaveBeenPickedUp(s) ? 'owns it' : 'owns it, and it changed a moment ago';
}

const logged = (s: Situation) =>
  runGetsOn(s) ? `, and the debug log of its run was written ${secondsText(s.database?.debugRun?.ageSeconds)} ago` : '';

function notAsked(s: Situation): string {
  if (!s.database) return 'its row could not be read';
  if (s.state === null) return 'its state could not be read';
  if (s.age === null && (noOwner(s) || ownerGone(s))) return 'how long it has waited for a worker could not be read';
  if (s.owner === 'NOT_ASKED') return 'the rest of its row does not tell whether it is worked on';
  return `what replica ${s.workerId} holds in memory could not be read`;
}

/** Clauses on what was not answered, and on what the answer rests. */
function unknown(s: Situation, told: Rule | undefined): (string | false)[] {
  const names = unreadable(s).map(({ name }) => name);
  const own = s.rowRunner?.value.lease?.staleAfterSeconds ?? null;
  const services = s.database?.heartbeat?.staleAfterSeconds ?? null;
  const { others } = s;
  return [
    s.runnable && s.owner === 'NOT_ASKED' && 'what its owner holds in memory was not asked',
    names.length > 0 && told?.code !== 'VALUE_UNREADABLE' && `${listed(names)} could not be read`,
    s.runnable && s.lease === 'NOT_KNOWN' && s.runnerId !== null && 'its lease could not be read',
    own !== null &&
      services !== null &&
      own !== services &&
      `a lease of its owner is good for ${secondsText(own)}, not for ${secondsText(services)} as the database subgraph has it`,
    others !== undefined &&
      others.silent > 0 &&
      `${others.silent} of ${others.asked} other replicas did not answer, so a runner there would not be seen`,
  ];
}
