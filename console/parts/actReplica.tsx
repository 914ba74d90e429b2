/** Draining of a replica, and taking that back: what may be done, or why not and who may. */
import { useState } from 'preact/hooks';
import { hasRoleFor } from '../../domain/actions/rights.ts';
import { ORDERS } from '../data/actionWords.ts';
import type { ActionName, ActRecord, ReplicaSeen } from '../data/operations.ts';
import { nameOf } from '../data/replicas.ts';
import { claims } from '../data/session.ts';
import { Act, type Intent } from './act.tsx';
import { ActResult } from './actResult.tsx';
import { ActUnsettled } from './actUnsettled.tsx';
import { useCommands } from './commands.ts';

const CHANGES: Readonly<Record<'DRAIN_REPLICA' | 'UNDRAIN_REPLICA', (owned: number) => string>> = {
  DRAIN_REPLICA: (owned) =>
    `With its next heartbeat the replica takes no more chats${owned === 0 ? '' : `, and gives up ${owned === 1 ? 'the chat' : `the ${owned} chats`} that it owns. Other replicas take them; their running steps are begun anew`}. It goes on running, and drains until this is taken back.`,
  UNDRAIN_REPLICA: () => 'With its next heartbeat the replica takes chats again. Nothing is moved back to it.',
};

export function ActReplica({ replica }: { replica: ReplicaSeen }) {
  const { id, ownedChats, runtime, stoppedAt } = replica;
  const [intent, setIntent] = useState<Intent>();
  const [done, setDone] = useState<ActRecord>();
  const isDraining = runtime?.isDraining === true;
  const [action, other]: readonly (keyof typeof CHANGES)[] = isDraining
    ? ['UNDRAIN_REPLICA', 'DRAIN_REPLICA']
    : ['DRAIN_REPLICA', 'UNDRAIN_REPLICA'];
  const why = stoppedAt ? 'The replica has stopped: it takes no chats.' : action && whyNot(action);
  const open = (chosen: keyof typeof CHANGES) =>
    setIntent({
      ...{ action: chosen, targetId: id, name: nameOf(replica), expect: { workerId: id }, findings: [], queueDepth: 0 },
      ...{ changes: CHANGES[chosen](ownedChats), isTyped: chosen === 'DRAIN_REPLICA' && ownedChats > 0 },
      risk: chosen === 'DRAIN_REPLICA' ? 'MEDIUM' : 'LOW',
    });
  useCommands(why || !action ? [] : [{ name: `${ORDERS[action]}…`, run: () => open(action) }], [isDraining, why, id]);
  return (
    <section id="offers" aria-labelledby="offers-title" tabIndex={-1}>
      <h2 id="offers-title">Actions</h2>
      {intent ? null : <ActUnsettled targetId={id} />}
      {done ? <ActResult record={done} onClose={() => setDone(undefined)} /> : null}
      {why ? (
        <p>
          <b>{action ? ORDERS[action] : ''}</b>: not possible. {why}
        </p>
      ) : null}
      {!why && action && other ? (
        <ul class="offers">
          <li data-answers="false">
            <button type="button" onClick={() => open(action)}>
              {ORDERS[action]}…
            </button>
            <span class="changes">{CHANGES[action](ownedChats)}</span>
          </li>
          {runtime?.isDraining === null || runtime?.isDraining === undefined ? (
            <li data-answers="false">
              <button type="button" onClick={() => open(other)}>
                {ORDERS[other]}…
              </button>
              <span class="changes">Whether it drains now is not known: it could not be asked.</span>
            </li>
          ) : null}
        </ul>
      ) : null}
      {intent ? <Act intent={intent} hasMoved={false} onDone={setDone} onClose={() => setIntent(undefined)} /> : null}
    </section>
  );
}

/** Role that this person lacks, as sentences. Undefined: none, or the page does not know the roles. */
function whyNot(action: ActionName): string | undefined {
  const { roles } = claims.value ?? {};
  if (!roles) return undefined;
  const lacking = [
    ...(hasRoleFor(roles, action) ? [] : ['chat-debug:operate']),
    ...(roles.includes('chat-debug:read-all') ? [] : ['chat-debug:read-all']),
  ];
  return lacking.length === 0
    ? undefined
    : `You lack the role ${lacking.join(' and the role ')}. Ask somebody who has it, or whoever gives out roles.`;
}
