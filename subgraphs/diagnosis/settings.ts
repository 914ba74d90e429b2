/** The settings that the rules need, for the processes that run them. */
import type { Settings } from '../../common/settings.ts';
import type { DiagnosisSettings } from './diagnosis.ts';

export const DIAGNOSIS_SETTINGS = [
  'HEARTBEAT_STALE_SECONDS',
  'HEARTBEAT_INTERVAL_SECONDS',
  'ACQUISITION_INTERVAL_SECONDS',
  'NO_PROGRESS_SECONDS',
] as const;

export const diagnosisSettings = (settings: Settings<(typeof DIAGNOSIS_SETTINGS)[number]>): DiagnosisSettings => ({
  staleAfterSeconds: settings.HEARTBEAT_STALE_SECONDS,
  heartbeatIntervalSeconds: settings.HEARTBEAT_INTERVAL_SECONDS,
  acquisitionIntervalSeconds: settings.ACQUISITION_INTERVAL_SECONDS,
  noProgressSeconds: settings.NO_PROGRESS_SECONDS,
});
