/** Limits on streams by the settings of a subgraph's process. */
import type { Settings } from '../settings/settings.ts';
import type { AdmissionLimits } from './admission.ts';

export const STREAM_SETTINGS = ['STREAMS_PER_CALLER', 'STREAMS_MAX'] as const;

/** A subgraph has no limit on requests, which is the gateway's in front of it. */
export const streamLimits = (settings: Settings<(typeof STREAM_SETTINGS)[number]>): AdmissionLimits => ({
  perCaller: settings.STREAMS_PER_CALLER,
  max: settings.STREAMS_MAX,
  perMinute: 0,
});
