/** Means of a Coder deployment: its REST interface. It offers none to take a chat from its owner. */
import { leaseIsNotFresh, leaseKeepsOthersAway } from '../conditions/lease.ts';
import { noRowAlive, ownerGone } from '../conditions/owner.ts';
import { capacityIsWrong, poolIsFull, poolOf } from '../conditions/pool.ts';
import { isBeingInterrupted } from '../conditions/row.ts';
import type { Situation } from '../situation.ts';
import { ownerName, secondsText } from '../wording.ts';
import { type Command, lookAgain, lookAtReplicas, type Means, type MeansStep } from './means.ts';

const TOKEN = '-H "Coder-Session-Token: $CODER_SESSION_TOKEN"';

/** Request to paste into a shell. The variables are those of Coder's own tools. */
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
const send = request('POST', 'messages', '{"content":[{"type":"text","text":"Please go on"}]}');

/** A renewed lease keeps others away, whatever becomes of the turn. */
const restart = (s: Situation) =>
  `restart ${ownerName(s)}: its lease then runs out by itself after ${secondsText(s.staleAfterSeconds)}, and another takes it`;
/**
 * True if replicas work on other chats, so that they should take this one as well: a slot may have just become free.
 */
const othersAreTaken = (s: Situation) => (poolOf(s)?.used ?? 0) > 0;
const takenByAny: MeansStep = {
  act: (s) => {
    if (noRowAlive(s)) return 'bring up the replicas of the deployment: none of them is alive';
    return othersAreTaken(s)
      ? `look again in ${secondsText(s.pickUpSeconds)}; if no replica has taken it by then, see in their logs what keeps them from it`
      : `see whether the chat daemon of any replica runs: one that does takes it within ${secondsText(s.pickUpSeconds)}`;
  },
  command: (s) => (othersAreTaken(s) && !noRowAlive(s) ? lookAgain(s) : lookAtReplicas()),
};
const CAPACITY_SETTINGS: Readonly<Record<string, string>> = { ROOT: 'CAPACITY_ROOT', SUBAGENT: 'CAPACITY_SUBAGENTS' };
const freeSlot = 'wait, or end or interrupt chats that hold the slots: another replica takes it once one is free';

/** SQL, because no request of Coder's deletes a lease, and this project's role may not. */
const deleteLease: MeansStep = {
  act: () => 'delete that lease with a role that may write, so that another replica can take the chat',
  command: ({ chatId, runnerId }) =>
    `psql "$CODER_PG_CONNECTION_URL" -c "DELETE FROM chat_heartbeats WHERE chat_id = '${chatId}' AND runner_id = '${runnerId}'"`,
};

export const CODER: Means = {
  interrupt,
  again: { act: () => 'send a message to try again', command: send },
  send,
  edit: request('PATCH', 'messages/<message>', '{"content":[{"type":"text","text":"<text>"}]}'),
  show: request('GET', 'messages'),
  sendClosesCalls: false,
  answer: request('POST', 'tool-results', '{"results":[{"tool_call_id":"<call>","output":"<output>"}]}'),
  reconcile: request('POST', 'reconcile-invalid'),
  newOwner: {
    act: (s) => {
      if (leaseKeepsOthersAway(s)) return deleteLease.act(s);
      if (leaseIsNotFresh(s)) return poolIsFull(s) ? freeSlot : takenByAny.act(s);
      if (ownerGone(s))
        return `look again in ${secondsText(s.staleAfterSeconds)}: its lease runs out by itself, and another takes it`;
      return isBeingInterrupted(s) ? restart(s) : `interrupt the turn, or ${restart(s)}`;
    },
    command: (s) => {
      if (leaseKeepsOthersAway(s)) return deleteLease.command(s);
      if (leaseIsNotFresh(s)) return poolIsFull(s) ? lookAtReplicas() : takenByAny.command(s);
      if (ownerGone(s)) return lookAgain(s);
      return isBeingInterrupted(s) ? lookAtReplicas() : interrupt(s);
    },
  },
  dateAnew: {
    act: (s) =>
      leaseKeepsOthersAway(s)
        ? deleteLease.act(s)
        : 'correct the clock that was ahead, and look again: whoever works on the chat dates its lease anew',
    command: (s) => (leaseKeepsOthersAway(s) ? deleteLease.command(s) : lookAgain(s)),
  },
  getTaken: {
    act: (s) =>
      capacityIsWrong(s)
        ? `set ${CAPACITY_SETTINGS[poolOf(s)?.kind ?? ''] ?? 'the capacity'} to as many as the deployment is licensed for, and ask again`
        : takenByAny.act(s),
    command: (s) => (capacityIsWrong(s) ? lookAgain(s) : takenByAny.command(s)),
  },
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
