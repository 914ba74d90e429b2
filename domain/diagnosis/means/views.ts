/** Means of a platform that is known by views over its tables: what it offers is its own business, so it is named in words. */
import { isNobodys } from '../conditions/owner.ts';
import type { Situation } from '../situation.ts';
import { ownerName } from '../wording.ts';
import { lookAgain, lookAtReplicas, lookAtSnapshot, type Means, type MeansStep } from './means.ts';

/** Step by the platform's own means. */
const byItsMeans = (act: string | ((s: Situation) => string)): MeansStep => ({
  act: typeof act === 'string' ? () => act : act,
  command: lookAgain,
});

export const VIEWS: Means = {
  interrupt: lookAtSnapshot,
  again: byItsMeans('let your platform try the turn again'),
  send: lookAtSnapshot,
  edit: lookAtSnapshot,
  show: lookAtSnapshot,
  sendClosesCalls: false,
  answer: lookAtSnapshot,
  reconcile: lookAtSnapshot,
  newOwner: {
    act: (s) =>
      isNobodys(s)
        ? VIEWS.getTaken.act(s)
        : `let your platform take it from ${ownerName(s)}, or start that worker anew, so that another goes on`,
    command: (s) => (isNobodys(s) ? VIEWS.getTaken.command(s) : lookAgain(s)),
  },
  dateAnew: byItsMeans('correct the clock that was ahead, and let your platform write the row anew'),
  getTaken: { act: () => 'see whether a worker is alive and has room, and start one if not', command: lookAtReplicas },
  whyNotTaken: () => 'no worker is running, or none has room',
  makeRoom: { act: () => 'start a worker, or wait until one has room', command: lookAtReplicas },
  shorten: byItsMeans('shorten the history: it is too long for the model'),
  mend: {
    modelKey: 'mend the model’s key where your workers are set up',
    modelName: 'correct the model’s name or address where your workers are set up',
    address: 'correct the address that the view `replicas` tells of it',
    allowedAddress:
      'allow its address to the gateway (REPLICA_ADDRESS_ALLOW), or correct the address that it has in `replicas`',
    secret: 'give it and the gateway the same INTERNAL_SECRET, or RUNTIME_KEY',
  },
};
