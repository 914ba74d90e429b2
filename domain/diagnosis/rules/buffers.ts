/** Rules on the message buffers of the owner. */
import * as is from '../conditions/buffers.ts';
import { lookAtReplicas } from '../means/means.ts';
import { OPERATOR, PERSON, type Rule, show } from '../rule.ts';
import { ownerName } from '../wording.ts';

export const bufferFull = {
  code: 'BUFFER_FULL',
  severity: 'WARNING',
  when: is.bufferFull,
  says: () => 'more was streamed than the buffer takes, so that readers of the stream miss parts',
  evidence: (s) =>
    is
      .fullBuffers(s)
      .flatMap((path) => [`${path}.historyVersion`, `${path}.generationAttempt`, `${path}.partsDropped`]),
  who: PERSON,
  act: () => 'read the answer from the history once the turn has ended',
  command: show,
} as const satisfies Rule;

export const bufferOrphaned = {
  code: 'BUFFER_ORPHANED',
  severity: 'WARNING',
  when: is.bufferOrphaned,
  says: (s) => `a message buffer of ${ownerName(s)} is open and no task writes to it`,
  evidence: (s) =>
    is
      .orphanedBuffers(s)
      .flatMap((path) => [`${path}.historyVersion`, `${path}.generationAttempt`, `${path}.isClosed`]),
  who: OPERATOR,
  act: (s) => `restart ${ownerName(s)} when it suits: the buffer takes memory until then`,
  command: lookAtReplicas,
} as const satisfies Rule;
