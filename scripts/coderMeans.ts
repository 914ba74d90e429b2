/** Advice for a Coder deployment, for the runbook: its means in every situation of the matrix. */
import { diagnose } from '../domain/diagnosis/diagnose.ts';
import type { Snapshot } from '../domain/diagnosis/snapshot.ts';
import { CIRCUMSTANCES } from './circumstances.ts';
import { circumstanceSnapshot, combinations, snapshotOf } from './diagnosisMatrix.ts';

/** Thresholds of newer releases, by which leases are renewed and lost. */
const RELEASE = { staleAfterSeconds: 30, heartbeatIntervalSeconds: 9, acquisitionIntervalSeconds: 30 };

const situations = [...combinations().map(snapshotOf), ...CIRCUMSTANCES.map(circumstanceSnapshot)];

const MARK = /(<!-- coder: [A-Z_]+ -->)\n(?:\n\*\*On a Coder deployment\*\*\n\n(?:- .*\n)+)?/;

/** The page, with lines for Coder in each section that has a place for them. */
export function withCoderMeans(text: string): string {
  const means = coderMeans();
  return text
    .split(MARK)
    .map((part) => {
      const code = /^<!-- coder: ([A-Z_]+) -->$/.exec(part)?.[1];
      if (!code) return part;
      const steps = [...(means.get(code) ?? [])].map((step) => `- ${step}`);
      return [part, '', '**On a Coder deployment**', '', ...steps, ''].join('\n');
    })
    .join('');
}

/** Advice by code that only Coder has. */
export function coderMeans(): Map<string, Set<string>> {
  const own = suggestions(situations.filter(({ database }) => database?.trouble?.platform !== 'coder'));
  const coder = suggestions(situations.map(onCoder));
  return new Map(
    [...coder].flatMap(([code, steps]) => {
      const others = [...steps].filter((step) => !own.get(code)?.has(step));
      return others.length > 0 ? [[code, new Set(others)]] : [];
    }),
  );
}

/** Same chat on a Coder deployment, which keeps no history of its owners. */
function onCoder(snapshot: Snapshot): Snapshot {
  const { database } = snapshot;
  const trouble = database?.trouble && {
    ...database.trouble,
    platform: 'coder',
    thresholds: { ...NO_LIMITS, ...RELEASE },
  };
  return { ...snapshot, recentOwners: null, database: database && { ...database, trouble: trouble ?? null } };
}
const NO_LIMITS = {
  ...{ noProgressSeconds: null, clockAheadSeconds: null, longestRetrySeconds: null, loopSteps: null },
  ...{ spinningAttempts: null, ownersLostWarn: null, ownersLostCritical: null },
};

function suggestions(snapshots: readonly Snapshot[]): Map<string, Set<string>> {
  const steps = new Map<string, Set<string>>();
  for (const snapshot of snapshots) {
    for (const { code, suggestion } of diagnose(snapshot, {}).findings) {
      const step = suggestion && withoutIds(suggestion, snapshot);
      if (step) steps.set(code, (steps.get(code) ?? new Set()).add(step));
    }
  }
  return steps;
}

/** Shortens requests to what the head of the page shows: the method, and the end of the path. */
const withoutIds = (suggestion: string, { chatId, database }: Snapshot): string =>
  suggestion
    .replace(/ See docs\/runbook\.md#\S+$/, '')
    .replace(/`curl -X (\w+) .*\/chats\/[^/]+\/([^"]+)"`/, '`$1 $2`')
    .replaceAll(chatId, '<chat>')
    .replaceAll(database?.workerId ?? chatId, '<replica>')
    .replaceAll(database?.runnerId ?? chatId, '<runner>');
