/** Advice for platforms of others, for the runbook: their means in every situation of the matrix. */
import { diagnose } from '../domain/diagnosis/diagnose.ts';
import type { Snapshot } from '../domain/diagnosis/snapshot.ts';
import { CIRCUMSTANCES } from './circumstances.ts';
import { circumstanceSnapshot, combinationSnapshot, combinations } from './combinations.ts';

/** Thresholds of newer releases of Coder, by which leases are renewed and lost. */
const RELEASE = { staleAfterSeconds: 30, heartbeatIntervalSeconds: 9, acquisitionIntervalSeconds: 30 };
const NO_LIMITS = {
  ...{ noProgressSeconds: null, clockAheadSeconds: null, longestRetrySeconds: null, loopSteps: null },
  ...{ spinningAttempts: null, ownersLostWarn: null, ownersLostCritical: null },
};

/** Platforms with means of their own: their place in a section, and the words above them. */
const PLATFORMS = {
  coder: { heading: 'On a Coder deployment', thresholds: { ...NO_LIMITS, ...RELEASE } },
  views: { heading: 'On a platform of your own', thresholds: null },
} as const;
type OtherPlatform = keyof typeof PLATFORMS;

export const OTHER_PLATFORMS = Object.keys(PLATFORMS) as OtherPlatform[];

const situations = [...combinations().map(combinationSnapshot), ...CIRCUMSTANCES.map(circumstanceSnapshot)];
const platformOf = ({ database }: Snapshot) => database?.trouble?.platform ?? 'own';

/** Place of a code's advice in the page. */
export const placeOf = (platform: OtherPlatform, code: string): string => `<!-- ${platform}: ${code} -->`;

/** The page, with lines for each platform in each section that has a place for them. */
export const withPlatformMeans = (text: string): string => OTHER_PLATFORMS.reduce(withMeans, text);

function withMeans(text: string, platform: OtherPlatform): string {
  const { heading } = PLATFORMS[platform];
  const means = platformMeans(platform);
  const place = new RegExp(`(<!-- ${platform}: [A-Z_]+ -->)\\n(?:\\n\\*\\*${heading}\\*\\*\\n\\n(?:- .*\\n)+)?`);
  return text
    .split(place)
    .map((part) => {
      const code = /^<!-- \w+: ([A-Z_]+) -->$/.exec(part)?.[1];
      if (!code || part !== placeOf(platform, code)) return part;
      const steps = [...(means.get(code) ?? [])].map((step) => `- ${step}`);
      return [part, '', `**${heading}**`, '', ...steps, ''].join('\n');
    })
    .join('');
}

/** Advice by code that only this platform has. */
export function platformMeans(platform: OtherPlatform): Map<string, Set<string>> {
  const own = suggestions(situations.filter((one) => platformOf(one) === 'own'));
  const mine = situations.filter((one) => ['own', platform].includes(platformOf(one)));
  return new Map(
    [...suggestions(mine.map((one) => onPlatform(one, platform)))].flatMap(([code, steps]) => {
      const others = [...steps].filter((step) => !own.get(code)?.has(step));
      return others.length > 0 ? [[code, new Set(others)]] : [];
    }),
  );
}

/** Same chat on another platform, which keeps no history of its owners. */
function onPlatform(snapshot: Snapshot, platform: OtherPlatform): Snapshot {
  const { database } = snapshot;
  const { thresholds } = PLATFORMS[platform];
  const trouble = database?.trouble && { ...database.trouble, platform, thresholds };
  return { ...snapshot, recentOwners: null, database: database && { ...database, trouble: trouble ?? null } };
}

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
