/** Settings by which the platform of the tables is judged. */

import type { SettingName, Settings } from '../../server/settings/settings.ts';
import { THRESHOLD_SETTINGS, thresholdsGiven } from '../../server/settings/thresholds.ts';
import type { PlatformSettings } from './platform.ts';

export const PLATFORM_SETTINGS = [
  ...(['PLATFORM', 'CODER_RELEASE', 'CAPACITY_ROOT', 'CAPACITY_SUBAGENTS', 'HISTORY'] as const),
  ...THRESHOLD_SETTINGS,
] as const;

/** @param given settings that are set; the platform decides the thresholds of the others */
export const platformSettings = (
  settings: Settings<(typeof PLATFORM_SETTINGS)[number]>,
  given: ReadonlySet<SettingName>,
): PlatformSettings => ({
  ...thresholdsGiven(settings, given),
  platform: settings.PLATFORM,
  coderRelease: settings.CODER_RELEASE,
  capacity: { root: settings.CAPACITY_ROOT, subagents: settings.CAPACITY_SUBAGENTS },
  readsHistory: settings.HISTORY === 'on',
});
