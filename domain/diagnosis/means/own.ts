/** Means of this project's own platform: actions through the gateway, `npm run chat`, and the settings of its replicas. */
import { type ChatAction, shortName } from '../../actions/names.ts';
import { leaseIsNotFresh } from '../conditions/lease.ts';
import { allDraining, isNobodys, noneAlive, noRoom } from '../conditions/owner.ts';
import type { Situation } from '../situation.ts';
import { ownerName } from '../wording.ts';
import { type Command, lookAtReplicas, type Means } from './means.ts';

const chat =
  (command: string, more = ''): Command =>
  (s) =>
    `npm run chat -- ${command} ${s.chatId}${more && ` ${more}`}`;
/** Action that is offered, taken at the terminal. It asks why, and whether to do it. */
const fix =
  (action: ChatAction): Command =>
  (s) =>
    `npm run chat-debug -- fix ${s.chatId} --action ${shortName(action)}`;
const release = fix('RELEASE_CHAT');

/** True if a new owner would find no room for the chat. */
const noRoomElsewhere = (s: Situation) => leaseIsNotFresh(s) && noRoom(s);

export const OWN: Means = {
  interrupt: fix('INTERRUPT_CHAT'),
  again: { act: () => 'retry the turn', command: fix('RETRY_CHAT') },
  send: chat('send', '"Please go on"'),
  edit: chat('show'),
  show: chat('show'),
  sendClosesCalls: true,
  answer: chat('tool-result', '<call>=<output>'),
  reconcile: fix('RECONCILE_CHAT'),
  newOwner: {
    act: (s) => {
      if (isNobodys(s)) return OWN.getTaken.act(s);
      return noRoomElsewhere(s)
        ? 'start a replica: none that answers has room for it'
        : `take it from ${ownerName(s)}, so that another goes on`;
    },
    command: (s) => (isNobodys(s) || noRoomElsewhere(s) ? lookAtReplicas() : release(s)),
  },
  dateAnew: {
    act: (s) =>
      isNobodys(s)
        ? `${OWN.getTaken.act(s)}, since being taken dates the chat anew, and correct the clock that was ahead`
        : 'release the chat, which dates it anew, and correct the clock that was ahead',
    command: (s) => (isNobodys(s) ? lookAtReplicas() : release(s)),
  },
  getTaken: {
    act: (s) =>
      allDraining(s)
        ? 'start a replica, or let one that drains take chats again'
        : noneAlive(s)
          ? 'start a replica'
          : 'see whether a replica is alive and has room, and start one if not',
    command: lookAtReplicas,
  },
  whyNotTaken: (s) =>
    allDraining(s)
      ? 'every live replica is stopping or told to drain'
      : noneAlive(s)
        ? 'no replica that takes chats is alive'
        : 'none is running, or no worker has room',
  makeRoom: {
    act: () => 'start a replica or wait: with the role, the list of replicas says whose chats fill them',
    command: lookAtReplicas,
  },
  shorten: {
    act: ({ database }) =>
      `edit an earlier message: the history is too long for the model, and grows with each message; an edit deletes what comes after it${(database?.queueDepth ?? 0) > 0 ? ' and what is queued' : ''}`,
    command: chat('show'),
  },
  mend: {
    modelKey: 'mend the model’s key (MODEL_API_KEY) on the replicas',
    modelName: 'correct the model’s name or address (MODEL) on the replicas',
    address: 'correct its RELAY_ADDRESS',
    allowedAddress: 'allow its address to the gateway (REPLICA_ADDRESS_ALLOW), or correct its RELAY_ADDRESS',
    secret: 'give it and the gateway the same INTERNAL_SECRET',
  },
};
