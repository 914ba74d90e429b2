/** The means of a Coder deployment: its REST interface. It has none to take a chat from its owner. */
import { leaseIsNotFresh } from '../conditions/lease.ts';
import { ownerGone } from '../conditions/owner.ts';
import { poolIsFull } from '../conditions/pool.ts';
import { interrupting } from '../conditions/row.ts';
import type { Situation } from '../situation.ts';
import { owner, secondsText } from '../wording.ts';
import { type Command, lookAgain, lookAtReplicas, type Means } from './means.ts';

const TOKEN = '-H "Coder-Session-Token: $CODER_SESSION_TOKEN"';

/** A request that can be pasted: the variables are those that Coder's own tools use. */
const request =
  (method: string, path: string, body?: string): Command =>
  ({ chatId }) =>
    [
      `curl -X ${method} ${TOKEN}`,
      body && `-H "Content-Type: application/json" -d '${body}'`,
      `"$CODER_URL/api/experimental/chats/${chatId}/${path}"`,
    ]
      .filter(Boolean)
      .join(' ');

const interrupt = request('POST', 'interrupt');
const show = request('GET', 'messages');

/** A lease that is renewed keeps others away, whatever becomes of the turn. */
const restart = (s: Situation) =>
  `restart ${owner(s)}: its lease then runs out by itself after ${secondsText(s.staleAfterSeconds)}, and another takes it`;
const daemon = (s: Situation) =>
  `see whether the chat daemon of any replica runs: one that does takes it within ${secondsText(s.pickUpSeconds)}`;
const freeSlot = 'wait, or end or interrupt chats that hold the slots: another replica takes it once one is free';

export const CODER: Means = {
  interrupt,
  send: request('POST', 'messages', '{"content":[{"type":"text","text":"Please go on"}]}'),
  show,
  sendClosesCalls: false,
  answer: request('POST', 'tool-results', '{"results":[{"tool_call_id":"<call>","output":"<output>"}]}'),
  reconcile: request('POST', 'reconcile-invalid'),
  newOwner: {
    act: (s) => {
      if (leaseIsNotFresh(s)) return poolIsFull(s) ? freeSlot : daemon(s);
      if (ownerGone(s))
        return `look again in ${secondsText(s.staleAfterSeconds)}: its lease runs out by itself, and another takes it`;
      return interrupting(s) ? restart(s) : `interrupt the turn, or ${restart(s)}`;
    },
    command: (s) => {
      if (leaseIsNotFresh(s)) return lookAtReplicas();
      if (ownerGone(s)) return lookAgain(s);
      return interrupting(s) ? lookAtReplicas() : interrupt(s);
    },
  },
  dateAnew: {
    act: (s) =>
      interrupting(s)
        ? 'correct the clock that was ahead, and look again: the interrupted turn ends with a new date'
        : 'correct the clock that was ahead, and interrupt the turn, which dates the chat anew',
    command: (s) => (interrupting(s) ? lookAgain(s) : interrupt(s)),
  },
  getTaken: { act: daemon, command: lookAtReplicas },
  whyNotTaken: () => 'no replica runs its chat daemon, or every slot is taken',
  makeRoom: {
    act: () => 'wait, or end or interrupt chats that hold the slots: more of them need a licence',
    command: lookAtReplicas,
  },
  shorten: {
    act: () => 'compact the chat: its history is too long for the model',
    command: request('POST', 'compact'),
  },
  mend: {
    modelKey: 'mend the key of the model’s provider in the settings of the deployment',
    modelName: 'correct the model’s name or address in the settings of the deployment',
    address: 'correct the address that it registers',
    allowedAddress: 'allow its address to the gateway, or correct the address that it registers',
    secret: 'give it and the gateway the same secret',
  },
};
