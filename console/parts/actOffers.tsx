/** What may be done to a chat now, and what it answers; and what may not be done, with why and who may. */
import { useEffect, useState } from 'preact/hooks';
import { CHAT_ACTIONS, shortName } from '../../domain/actions/names.ts';
import { isForOwners } from '../../domain/actions/rights.ts';
import { ORDERS, RISKS } from '../data/actionWords.ts';
import { nameOr } from '../data/legible.ts';
import { type ActRecord, ChatOffers, type Offer, type WholeChat } from '../data/operations.ts';
import { Act, type Intent } from './act.tsx';
import { ActResult } from './actResult.tsx';
import { ActUnsettled } from './actUnsettled.tsx';
import { State } from './badge.tsx';
import { useCommands } from './commands.ts';
import { shortId } from './id.tsx';
import { isNow, useAsk } from './live.ts';
import { Problems } from './problems.tsx';

export function ActOffers({ chat }: { chat: WholeChat }) {
  const { chatId, database, executionState, diagnosis } = chat;
  const version = `${database.snapshotVersion} ${database.workerId} ${database.runnerId} ${executionState}`;
  const [round, setRound] = useState(0);
  const { data, problems, atMs } = useAsk(ChatOffers, { chatId }, `${version} ${round}`);
  const [intent, setIntent] = useState<Intent & { version: string }>();
  const [done, setDone] = useState<ActRecord>();
  const found = data?.chatDebugSnapshot;
  const findings = diagnosis.findings.map(({ code }) => code);
  const ownerIsHeard = !database.workerId || chat.runtime?.reachability.status === 'OK';
  const isWhole = diagnosis.verdict !== 'UNKNOWN' && ownerIsHeard;
  const present = isNow() ? { findings, isWhole } : undefined;
  const answeredBy = ({ answers }: Offer) => answers.filter((code) => findings.includes(code));
  const advised = advisedBy(diagnosis.findings);
  const rank = (offer: Offer) => (offer.action === advised ? findings.length + 1 : answeredBy(offer).length);
  const offers = [...(found?.actions ?? [])].sort((a, b) => rank(b) - rank(a));
  const advice = offers.find(({ action, allowed }) => allowed && action === advised);
  const allowed = offers.filter((offer) => offer.allowed);
  const others = offers.filter((offer) => !offer.allowed);
  const isFirst = (offer: Offer) => (advice ? offer === advice : answeredBy(offer).length > 0);
  const open = (offer: Offer) => {
    if (!found) return;
    const { snapshotVersion, workerId, runnerId, queueDepth } = found.database;
    setIntent({
      ...{ action: offer.action, targetId: chatId, name: nameOr(database.title, 'A chat without a title'), version },
      ...{ expect: { snapshotVersion, workerId, runnerId }, from: offer.from, to: offer.to, changes: offer.changes },
      ...{ risk: offer.risk, findings: answeredBy(offer), queueDepth, isTyped: offer.risk === 'HIGH' },
    });
  };
  useEffect(() => setDone(undefined), [chatId]);
  useCommands(
    allowed.map((offer) => ({ name: `${ORDERS[offer.action]}…`, run: () => open(offer) })),
    [found],
  );
  return (
    <section id="offers" aria-labelledby="offers-title" tabIndex={-1}>
      <h2 id="offers-title">Actions</h2>
      {intent ? null : <ActUnsettled targetId={chatId} present={present} />}
      {done ? <ActResult record={done} present={present} onClose={() => setDone(undefined)} /> : null}
      {atMs === 0 ? <p class="none">Asking what may be done…</p> : null}
      {atMs > 0 && !found?.actions ? (
        <>
          <p class="none">
            {found ? 'Nothing can be done from here: no operator answers.' : 'What may be done could not be asked.'}{' '}
            <button type="button" onClick={() => setRound(round + 1)}>
              Ask again
            </button>
          </p>
          <Problems problems={problems} />
        </>
      ) : null}
      <ul class="offers">
        {allowed.map((offer) => (
          <li key={offer.action} data-answers={answeredBy(offer).length > 0}>
            <button type="button" class={isFirst(offer) ? 'primary' : ''} onClick={() => open(offer)}>
              {ORDERS[offer.action]}…
            </button>
            <span>
              <State state={offer.from} /> → {offer.to ? <State state={offer.to} /> : '?'}{' '}
              <span class="count">
                {RISKS[offer.risk]}
                {offer === advice ? '; what the finding says to do' : ''}
                {answeredBy(offer).length > 0 ? `; answers ${answeredBy(offer).join(', ')}` : ''}
              </span>
            </span>
            <span class="changes">{offer.changes}</span>
          </li>
        ))}
      </ul>
      {found?.actions && allowed.length === 0 ? (
        <p class="none">
          {others.some(lacksRole)
            ? 'You may take no action on this chat. Why, and who may:'
            : 'Nothing can be done to this chat now.'}
        </p>
      ) : null}
      {others.length > 0 ? (
        <details open={allowed.length === 0 && others.some(lacksRole)}>
          <summary>What you cannot do now, and why ({others.length})</summary>
          <dl class="pairs wide">
            {others.map((offer) => (
              <div key={offer.action}>
                <dt>{ORDERS[offer.action]}</dt>
                <dd>
                  {offer.whyNot} {whoMay(offer, database.ownerId)}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      ) : null}
      {intent ? (
        <Act
          intent={intent}
          hasMoved={intent.version !== version}
          onDone={setDone}
          onClose={() => setIntent(undefined)}
        />
      ) : null}
    </section>
  );
}

/** Action that the worst finding with a command names, as the terminal would take it. Others that answer it stand behind. */
function advisedBy(findings: WholeChat['diagnosis']['findings']): string | undefined {
  for (const { suggestion } of findings) {
    const [, name] = / --action ([a-z-]+)/.exec(suggestion ?? '') ?? [];
    const action = CHAT_ACTIONS.find((one) => shortName(one) === name);
    if (action) return action;
  }
  return undefined;
}

const lacksRole = ({ whyNot }: Offer): boolean => whyNot?.startsWith('This needs the role') === true;

/** Who may do what this person may not. Empty: the state of the chat forbids it to everybody. */
function whoMay(offer: Offer, ownerId: string): string {
  if (!lacksRole(offer)) return '';
  return isForOwners(offer.action)
    ? `Its owner, person ${shortId(ownerId)}, may do it without a role.`
    : 'Ask somebody who has it, or whoever gives out roles.';
}
