/**
 * Makes a plan: chooses chats by the filters of the fleet, an action and a reason, and freezes them for review.
 * A link from the fleet carries its filters, which stand in the address here as there.
 */
import { useEffect, useState } from 'preact/hooks';
import { hasRoleFor } from '../../domain/actions/rights.ts';
import { ORDERS, troubleOfReason } from '../data/actionWords.ts';
import { type Answer, ask, codeOf, type Problem } from '../data/ask.ts';
import { nowMs } from '../data/clock.ts';
import {
  type ActionName,
  type ChatFilter,
  Fleet,
  type FleetAnswer,
  PlanActions,
  type Suspect,
} from '../data/operations.ts';
import { go, linkTo, setState, stateOf } from '../data/route.ts';
import { claims } from '../data/session.ts';
import { manyOf } from '../data/time.ts';
import { ChatRow } from './chatRow.tsx';
import { FleetFilters, filterOf, matches, OddFilters, oddFilters } from './fleetFilters.tsx';
import { OwnOnly } from './ownOnly.tsx';
import { Problems } from './problems.tsx';
import { useTitle } from './title.ts';

const PAGE = 100;
/** Most chats of one plan. */
const MOST = 1_000;
const ON_CHATS: readonly ActionName[] = [
  ...(['RELEASE_CHAT', 'INTERRUPT_CHAT', 'RETRY_CHAT'] as const),
  ...(['CANCEL_PENDING_ACTION', 'RECONCILE_CHAT', 'DELETE_QUEUED_MESSAGES'] as const),
];

interface Read {
  readonly chats: readonly Suspect[];
  readonly isWhole: boolean;
  readonly atMs: number;
  readonly problems: readonly Problem[];
}

export function Planner() {
  const filter = { ...filterOf(), suspect: true };
  const isOdd = oddFilters().length > 0;
  const key = JSON.stringify(filter);
  const [read, setRead] = useState<Read>({ chats: [], isWhole: false, atMs: 0, problems: [] });
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState('');
  const [shows, setShows] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  const [round, setRound] = useState(0);
  useTitle('Plan an action on many chats');
  useEffect(() => {
    const aborting = new AbortController();
    setRead({ chats: [], isWhole: false, atMs: 0, problems: [] });
    void readAll(filter, aborting.signal).then((all) => {
      if (!aborting.signal.aborted) setRead(all);
    });
    return () => aborting.abort();
  }, [key, round]);
  const isFull = !read.isWhole && read.chats.length >= MOST;
  const action = ON_CHATS.find((one) => one === stateOf('action'));
  const chosen = isOdd ? [] : read.chats.filter((chat) => matches(chat)).slice(0, MOST);
  const ids = chosen.map(({ chatId }) => chatId).filter((id) => !left.has(id));
  const codes = [
    ...new Set(
      chosen
        .filter(({ chatId }) => !left.has(chatId))
        .flatMap(({ diagnosis }) => diagnosis.findings.map(({ code }) => code)),
    ),
  ];
  const findings = stateOf('finding') ? [stateOf('finding')] : codes.slice(0, 20);
  const trouble = !action
    ? 'Choose an action.'
    : lacksRoleFor(action)
      ? 'You lack the role chat-debug:operate, which a plan of this action needs. Ask somebody who has it, or whoever gives out roles.'
      : ids.length === 0
        ? 'Choose at least one chat.'
        : troubleOfReason(reason);
  const freeze = async (event: SubmitEvent) => {
    event.preventDefault();
    setShows(true);
    if (trouble !== undefined || !action || isBusy) return;
    setBusy(true);
    const { data, problems } = await ask(PlanActions, { chatIds: ids, action, reason: reason.trim(), findings });
    setBusy(false);
    if (data?.plan) return go(linkTo(`actions/${data.plan.id}`));
    setProblem(problems[0] ?? { message: 'The gateway answered nothing.', extensions: { code: 'NO_ANSWER' } });
  };
  const toggle = (id: string) => {
    const next = new Set(left);
    if (!next.delete(id)) next.add(id);
    setLeft(next);
  };
  return (
    <>
      <div class="top">
        <h1>Plan an action on many chats</h1>
        <button type="button" onClick={() => setRound(round + 1)}>
          Look again
        </button>
      </div>
      <p class="count">
        The chats are frozen as they are when the plan is made. Nothing is done before it is run, and one that has moved
        meanwhile is left alone.
      </p>
      <form class="planner" onSubmit={(event) => void freeze(event)}>
        <span class="choices">
          <label class="choice">
            Action
            <select value={action ?? ''} onChange={({ currentTarget }) => setState({ action: currentTarget.value })}>
              <option value="">choose…</option>
              {ON_CHATS.map((one) => (
                <option key={one} value={one}>
                  {ORDERS[one]}
                </option>
              ))}
            </select>
          </label>
          <button type="submit" class="primary" disabled={isBusy}>
            Freeze {manyOf(ids.length, 'chat')} for review
          </button>
        </span>
        <label for="plan-reason">Reason, for all records</label>
        <input
          id="plan-reason"
          type="text"
          autocomplete="off"
          value={reason}
          aria-describedby="plan-help"
          aria-invalid={shows && troubleOfReason(reason) !== undefined}
          onInput={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <p id="plan-help" class={(shows || (action && lacksRoleFor(action))) && trouble ? 'bad' : 'count'}>
          {trouble ?? `${manyOf(ids.length, 'chat')} to be frozen, and looked through before anything is done.`}
        </p>
        {problem ? (
          <p class="old" role="alert">
            <b>{codeOf(problem)}</b> {problem.message}{' '}
            {codeOf(problem) === 'ACTION_UNCERTAIN' ? <a href={linkTo('actions')}>All plans</a> : null}
          </p>
        ) : null}
      </form>
      <OwnOnly />
      <FleetFilters suspects={read.chats} isAll={false} />
      <Problems problems={read.problems} />
      {isOdd ? <OddFilters /> : null}
      {read.atMs === 0 ? <p class="none">Asking…</p> : null}
      {read.atMs > 0 && chosen.length === 0 && !isOdd && read.problems.length === 0 ? (
        <p class="empty">No suspect matches the filters.</p>
      ) : null}
      {isFull && !isOdd ? <p class="old">There are more: a plan has {MOST} chats at most.</p> : null}
      {read.problems.length > 0 && !read.isWhole && !isFull && read.chats.length > 0 ? (
        <p class="old">These are not all: the others could not be read. Look again before you freeze them.</p>
      ) : null}
      <ol class="rows picks">
        {chosen.map((chat) => (
          <li key={chat.chatId} class="pick">
            <input
              type="checkbox"
              aria-label={`Plan chat ${chat.chatId.slice(0, 8)}`}
              checked={!left.has(chat.chatId)}
              onChange={() => toggle(chat.chatId)}
            />
            <ol class="rows">
              <ChatRow chat={chat} diagnosis={chat.diagnosis} atMs={read.atMs} />
            </ol>
          </li>
        ))}
      </ol>
    </>
  );
}

/** True if the page knows that this person may not plan an action. */
const lacksRoleFor = (action: ActionName): boolean =>
  claims.value !== undefined && !hasRoleFor(claims.value.roles, action);

/** Reads suspects page by page, as many as a plan takes. */
async function readAll(filter: ChatFilter, aborting: AbortSignal): Promise<Read> {
  const chats: Suspect[] = [];
  const problems: Problem[] = [];
  for (let after: string | null = null; ; ) {
    const { data, ...answer }: Answer<FleetAnswer> = await ask(Fleet, { filter, first: PAGE, after }, aborting);
    problems.push(...answer.problems);
    if (!data) return { chats, isWhole: false, atMs: nowMs(), problems };
    chats.push(...data.chats.edges.map(({ node }) => node));
    after = data.chats.pageInfo.endCursor;
    const isWhole = !data.chats.pageInfo.hasNextPage;
    if (isWhole || chats.length >= MOST) return { chats, isWhole, atMs: nowMs(), problems };
  }
}
