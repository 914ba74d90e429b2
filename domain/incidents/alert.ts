/** What others are told of an incident. Pure. It holds no content, no token and no address. */
import type { Step } from './step.ts';

/** Whether the trouble lasts. */
export type AlertStatus = 'FIRING' | 'RESOLVED';

/** Incident, as far as an alert tells of it. Times are in RFC 3339, in UTC with milliseconds: as texts they stand in order. */
export interface Alerted {
  readonly id: string;
  readonly chatId: string;
  readonly openedAt: string;
  /** Null: it is open. */
  readonly closedAt: string | null;
  readonly closeReason: string | null;
  readonly code: string;
  readonly severity: string;
  readonly verdict: string;
  readonly summary: string;
}

/** Alert in the form of Alertmanager's API, version 2. */
export interface ApiAlert {
  /** Labels, which name the alert. They never change. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/** Status that a step brings. Undefined: it is as it was. */
export function statusOf(step: Step): AlertStatus | undefined {
  if (step.kind === 'open' || (step.kind === 'note' && step.reopens)) return 'FIRING';
  return step.kind === 'close' ? 'RESOLVED' : undefined;
}

/** @param until time at which an open incident's alert ends, unless it is told again */
export function incidentAlert(incident: Alerted, until: string, publicUrl: string | undefined): ApiAlert {
  const { id, chatId, openedAt, closedAt, code, severity, verdict, summary } = incident;
  const endsAt = closedAt ?? until;
  return {
    labels: { alertname: 'ChatInTrouble', incident: id, chat: chatId },
    annotations: { code, severity, verdict, summary, look: lookAt(id) },
    startsAt: openedAt < endsAt ? openedAt : endsAt, // it may have been opened later, if the clock was set back
    endsAt,
    ...(publicUrl !== undefined && { generatorURL: pageOf(id, publicUrl) }),
  };
}

/**
 * Alert that fires while an active recorder notes trouble, for a dead man's switch: whoever gets it no more knows that
 * none does.
 */
export const activeAlert = (now: string, until: string): ApiAlert => ({
  labels: { alertname: 'ChatDebugRecorderActive' },
  annotations: {
    summary: 'A recorder is active and notes incidents. When this alert ends, none does, or none can tell.',
  },
  ...{ startsAt: now, endsAt: until },
});

/** Body of a delivery to the webhook. It is the same at each try. */
export const deliveryBody = (
  { id, status, incident }: { readonly id: string; readonly status: AlertStatus; readonly incident: Alerted },
  publicUrl: string | undefined,
) => ({
  ...{ format: 'chat-debug-alert/1', delivery: id, status, incident },
  ...{ look: lookAt(incident.id), url: publicUrl === undefined ? null : pageOf(incident.id, publicUrl) },
});

const lookAt = (incident: string) => `npm run chat-debug -- incident ${incident}`;

/** Address of the incident's page in the console. */
const pageOf = (incident: string, publicUrl: string) =>
  `${publicUrl.replace(/\/+$/, '')}/incidents/${encodeURIComponent(incident)}`;
