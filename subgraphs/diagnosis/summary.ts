/** A diagnosis in one sentence: what is the matter, who should act, and what could not be known. */
import * as is from './conditions.ts';
import type { Severity, Verdict } from './diagnosis.ts';
import type { Rule } from './rules.ts';
import type { Situation } from './situation.ts';
import type { Snapshot } from './snapshot.ts';
import { secondsText, sentence } from './wording.ts';

/** A rule that applies, and how bad that is here. */
export interface Found {
  readonly rule: Rule;
  readonly severity: Severity;
}

/** What is known of how the halves were read. */
export interface Readings {
  /** The first reading, when this is about a second one. */
  readonly first?: Snapshot;
  /** Why there was no second reading where there should be one: a clause. */
  readonly notRepeated?: string;
  /** Every replica was to be asked. */
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
    worst ? withMove(worst.rule, situation) : quiet(verdict, situation),
    worst && verdict === 'UNKNOWN' && situation.owner === 'NOT_KNOWN' && notAsked(situation),
    notRepeated && `but both halves must be read again before it may be called stuck, and ${notRepeated}`,
    first && (verdict === 'STUCK' ? 'a second reading says so too' : 'the first of two readings had it stuck'),
    readings.everywhere && !situation.others && 'which other replicas there are could not be read',
    ...unknown(situation),
  ];
  return sentence(`${WORDS[verdict]}: ${clauses.filter(Boolean).join('; ')}`);
}

const withMove = (rule: Rule, s: Situation) =>
  rule.command(s) === null
    ? `${rule.says(s)}; nobody has to act`
    : `${rule.says(s)}; ${rule.who} should ${rule.act(s)}`;

/** Nothing is wrong, as far as could be seen. */
function quiet(verdict: Verdict, s: Situation): string {
  if (verdict === 'UNKNOWN') return `${notAsked(s)}; whoever asks should ask again`;
  if (verdict === 'IDLE')
    return s.state === 'W' ? 'the next message is the person’s move' : 'it is archived, and nobody’s move';
  if (is.noOwner(s)) return 'it waits for a worker to take it; nobody has to act';
  const since = s.rowRunner?.value.activeTask?.secondsSinceProgress ?? null;
  const progress = since === null ? '' : `, last progress ${secondsText(since)} ago`;
  return `replica ${s.workerId} is at it${progress}; nobody has to act`;
}

function notAsked(s: Situation): string {
  if (!s.database) return 'its row could not be read';
  if (s.state === null) return 'its state could not be read';
  return `what replica ${s.workerId} holds in memory could not be read`;
}

/** What was not answered, and what the answer rests on. */
function unknown(s: Situation): (string | false)[] {
  const own = s.rowRunner?.value.lease?.staleAfterSeconds ?? null;
  const services = s.database?.heartbeat?.staleAfterSeconds ?? null;
  const { others } = s;
  return [
    s.runnable && s.lease === 'NOT_KNOWN' && s.database !== null && 'its lease could not be read',
    own !== null &&
      services !== null &&
      own !== services &&
      `a lease of its owner is good for ${secondsText(own)}, not for ${secondsText(services)} as the database subgraph has it`,
    others !== undefined &&
      others.silent > 0 &&
      `${others.silent} of ${others.asked} other replicas did not answer, so a runner there would not be seen`,
  ];
}
