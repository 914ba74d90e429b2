/** What others are told of an incident. */
import { describe, expect, test } from '@jest/globals';
import { type Alerted, activeAlert, deliveryBody, incidentAlert, statusOf } from '../../../domain/incidents/alert.ts';
import type { Noted, Step } from '../../../domain/incidents/step.ts';

const INCIDENT: Alerted = {
  ...{ id: 'incident 1', chatId: 'chat 1', openedAt: '2026-12-01T03:00:00.000Z', closedAt: null, closeReason: null },
  ...{ code: 'NO_OWNER', severity: 'CRITICAL', verdict: 'STUCK', summary: 'Stuck: nobody works on it.' },
};
const CLOSED: Alerted = { ...INCIDENT, closedAt: '2026-12-01T03:05:00.000Z', closeReason: 'WELL' };
const UNTIL = '2026-12-01T03:04:00.000Z';

const noted: Noted = {
  ...{
    code: 'NO_OWNER',
    severity: 'CRITICAL',
    verdict: 'STUCK',
    summary: 'Stuck.',
    codes: ['NO_OWNER'],
    workerIds: [],
  },
};

test.each<[Step, string | undefined]>([
  [{ kind: 'none' }, undefined],
  [{ kind: 'open', noted }, 'FIRING'],
  [{ kind: 'note', noted, reopens: false, codeChanged: true }, undefined],
  [{ kind: 'note', noted, reopens: true, codeChanged: false }, 'FIRING'],
  [{ kind: 'wellOnce' }, undefined],
  [{ kind: 'close', reason: 'DELETED' }, 'RESOLVED'],
])('%j brings the status %s', (step, status) => {
  expect(statusOf(step)).toBe(status);
});

describe('the alert of an incident', () => {
  test('ends some time ahead while it is open, and with the incident', () => {
    expect(incidentAlert(INCIDENT, UNTIL, undefined)).toMatchObject({ startsAt: INCIDENT.openedAt, endsAt: UNTIL });
    expect(incidentAlert(CLOSED, UNTIL, undefined)).toMatchObject({ endsAt: CLOSED.closedAt });
  });

  test('does not end before it starts where the clock was set back while the incident was open', () => {
    const openedAt = '2026-12-01T04:00:00.000Z';
    const times = { startsAt: UNTIL, endsAt: UNTIL };
    expect(incidentAlert({ ...INCIDENT, openedAt }, UNTIL, undefined)).toMatchObject(times);
    expect(incidentAlert({ ...CLOSED, openedAt }, UNTIL, undefined)).toMatchObject({
      ...{ startsAt: CLOSED.closedAt, endsAt: CLOSED.closedAt },
    });
  });

  test('has the same labels, whatever becomes of the incident', () => {
    const { labels } = incidentAlert(INCIDENT, UNTIL, undefined);
    expect(labels).toEqual({ alertname: 'ChatInTrouble', incident: 'incident 1', chat: 'chat 1' });
    const later = { ...CLOSED, code: 'HEARTBEAT_STALE', severity: 'WARNING', summary: 'Another.', verdict: 'UNKNOWN' };
    expect(incidentAlert(later, UNTIL, 'https://debug.example').labels).toEqual(labels);
  });

  test('has a link to the page of the incident, and none where that is not known', () => {
    const { generatorURL } = incidentAlert(INCIDENT, UNTIL, 'https://debug.example/below/');
    expect(generatorURL).toBe('https://debug.example/below/incidents/incident%201');
    expect(incidentAlert(INCIDENT, UNTIL, undefined)).not.toHaveProperty('generatorURL');
    expect(deliveryBody({ id: 'delivery 1', status: 'FIRING', incident: INCIDENT }, undefined)).toMatchObject({
      ...{ delivery: 'delivery 1', incident: INCIDENT, url: null },
    });
  });
});

test('the alert of an active recorder has one label, so that all recorders tell the same one', () => {
  expect(activeAlert('now', UNTIL).labels).toEqual({ alertname: 'ChatDebugRecorderActive' });
});
