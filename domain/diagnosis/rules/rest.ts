/** Rules on a chat whose turn is over. */
import { adviceFor } from '../advice.ts';
import * as is from '../conditions/rest.ts';
import { meansOf } from '../means/platforms.ts';
import { PERSON, type Rule, sendAgain } from '../rule.ts';
import type { Situation } from '../situation.ts';
import { secondsText, word } from '../wording.ts';
import { queued } from './turn.ts';

export const queueBlocked = {
  code: 'QUEUE_BLOCKED',
  severity: 'CRITICAL',
  when: is.queueBlocked,
  says: (s) => `${queued(s)} behind the error`,
  evidence: () => ['executionState', 'database.queueDepth', 'database.lastError'],
  who: (s) => adviceFor(s).who,
  act: (s) => {
    const { act, againHelps } = adviceFor(s);
    return againHelps ? `${meansOf(s).again.act(s)}, which clears the error, or delete what is queued` : act;
  },
  command: (s) => adviceFor(s).command(s),
} as const satisfies Rule;

export const errored = {
  code: 'ERRORED',
  severity: 'WARNING',
  when: is.errored,
  says: (s) => `the last turn failed${failure(s)}`,
  evidence: (s) => [
    'executionState',
    'database.lastError',
    ...(s.database?.openCalls?.length ? ['database.openCalls'] : []),
  ],
  who: (s) => adviceFor(s).who,
  act: (s) => adviceFor(s).act,
  command: (s) => adviceFor(s).command(s),
} as const satisfies Rule;

function failure({ database }: Situation): string {
  const { kind = null, retryable = null } = database?.lastError ?? {};
  const words = [kind && word(kind), retryable === false && 'the same would fail again'].filter(Boolean);
  return words.length > 0 ? ` (${words.join('; ')})` : '';
}

export const unanswered = {
  code: 'UNANSWERED',
  severity: (s) => (is.messageForgotten(s) ? 'CRITICAL' : 'WARNING'),
  when: is.unanswered,
  says: (s) =>
    is.messageUnanswered(s)
      ? `the person’s message stands last${s.rowAhead ? '' : ` for ${secondsText(s.age ?? s.database?.lastMessage?.ageSeconds)}`}, and no worker is to answer it${orEnded(s, 'interrupted, compacted or cleared')}`
      : `the last turn ended without an answer${orEnded(s, 'interrupted')}: ${whyNoAnswer(s)}`,
  evidence: () => [
    ...['executionState', 'database.updatedAgeSeconds', 'database.lastMessage.role', 'database.lastMessage.ageSeconds'],
    ...['database.lastMessage.hasText', 'database.lastMessage.finishReason'],
  ],
  who: PERSON,
  act: (s) => (is.messageUnanswered(s) ? 'send it again' : (sendAnew(s) ?? 'send again')),
  command: sendAgain,
} as const satisfies Rule;

/** Clause on what else may have ended the turn, where the platform does not note it. */
const orEnded = (s: Situation, how: string) => (is.endIsNoted(s) ? '' : `, unless it was ${how}`);

const REASONS: Readonly<Record<string, string>> = {
  length: 'the model came to its limit of length before it had written any text',
  'content-filter': 'the model’s provider held the answer back',
  'tool-calls': 'the model said that it calls a tool, and called none',
  error: 'the model broke off',
};

function whyNoAnswer({ database }: Situation): string {
  const { role, finishReason } = database?.lastMessage ?? {};
  if (role === 'tool') return 'the model never saw the result of the last tool';
  return (finishReason && Object.hasOwn(REASONS, finishReason) && REASONS[finishReason]) || 'the model wrote no text';
}

function sendAnew({ database }: Situation): string | undefined {
  switch (database?.lastMessage?.finishReason) {
    case 'length':
      return 'send again, and ask for less at once';
    case 'content-filter':
      return 'send again, in other words';
    default:
      return undefined;
  }
}
