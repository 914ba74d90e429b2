/** A plan: one action on many chats, frozen for review, run, followed item by item. `new` makes one. */
import { useEffect, useState } from 'preact/hooks';
import { ORDERS } from '../data/actionWords.ts';
import { ask, codeOf, type Problem } from '../data/ask.ts';
import { sleep } from '../data/clock.ts';
import {
  type ActionOutcome,
  OneActionPlan,
  type PlannedChat,
  type PlanState,
  type PlanSummary,
  RunPlan,
  StopPlan,
} from '../data/operations.ts';
import { setState, stateOf } from '../data/route.ts';
import { subject } from '../data/session.ts';
import { manyOf } from '../data/time.ts';
import { isUuid } from '../data/uuid.ts';
import { State } from '../parts/badge.tsx';
import { useCommands } from '../parts/commands.ts';
import { Id, shortId } from '../parts/id.tsx';
import { useAsk } from '../parts/live.ts';
import { Planner } from '../parts/planner.tsx';
import { howFar } from '../parts/planRows.tsx';
import { Problems } from '../parts/problems.tsx';
import { useTitle } from '../parts/title.ts';
import { When } from '../parts/when.tsx';

const EVERY_MS = 1_000;
const RATES = [0.2, 1, 2, 5, 10, 20];
const STANDARD_RATE = 5;

export default function PlanPage({ id }: { id: string }) {
  if (id === 'new') return <Planner />;
  return <Plan id={id.toLowerCase()} />;
}

function Plan({ id }: { id: string }) {
  const [round, setRound] = useState(0);
  const { data, problems, atMs } = useAsk(OneActionPlan, { id }, isUuid(id) ? round : undefined);
  const plan = data?.actionPlan;
  useEffect(() => {
    if (plan?.state !== 'RUNNING') return;
    const aborting = new AbortController();
    void sleep(EVERY_MS, aborting.signal).then(() => {
      if (!aborting.signal.aborted) setRound((was) => was + 1);
    });
    return () => aborting.abort();
  }, [plan?.state, atMs]);
  useTitle(plan ? `${plan.state} ${howFar(plan).split(',')[0]} · Plan` : 'Plan');
  useCommands([{ name: 'Look at the plan again', keys: 'r', run: () => setRound(round + 1) }], [round]);
  if (!plan) {
    return (
      <>
        <h1>Plan {id}</h1>
        <Problems problems={problems} />
        {isUuid(id) && atMs === 0 ? <p class="none">Asking…</p> : null}
        {!isUuid(id) || (atMs > 0 && problems.length === 0) ? (
          <p>
            There is no such plan, or it is not yours to see: whoever made it may, and those with the role
            chat-debug:audit.
          </p>
        ) : null}
      </>
    );
  }
  const only = stateOf('outcome');
  const items = plan.items.filter(
    ({ outcome, to }) => only === '' || (outcome ?? (to ? 'PENDING' : 'IMPOSSIBLE')) === only,
  );
  const impossible = plan.items.filter(({ to, outcome }) => to === null && outcome === null).length;
  return (
    <>
      <div class="top chat">
        <span class="verdict" data-tone={plan.state === 'RUNNING' ? 'odd' : 'calm'}>
          {plan.state}
        </span>
        <h1>
          {ORDERS[plan.action]}, {manyOf(plan.total, 'chat')}
        </h1>
        <Id id={plan.id} />
        <span class="count">
          made <When at={plan.at} /> by {shortId(plan.actor)}
        </span>
      </div>
      <p class="summary">“{plan.reason}”</p>
      <p role="status">
        <progress
          class="progress"
          aria-label="Chats that have an outcome"
          max={plan.total}
          value={plan.total - plan.pending}
        />{' '}
        {howFar(plan)}. {STATES[plan.state]}
        {plan.stoppedBy ? ` Stopped by ${shortId(plan.stoppedBy)}.` : ''}
      </p>
      {plan.state === 'PLANNED' && impossible > 0 ? (
        <p class="old">
          For {impossible} of them it is not possible as they were planned: those are refused, and the others go on.
        </p>
      ) : null}
      <Problems problems={problems} />
      <Steering plan={plan} onChanged={() => setRound((was) => was + 1)} />
      <section aria-labelledby="items">
        <h2 id="items">
          The frozen list{' '}
          <label class="choice">
            Show
            <select value={only} onChange={({ currentTarget }) => setState({ outcome: currentTarget.value })}>
              <option value="">all</option>
              {['PENDING', 'IMPOSSIBLE', 'DONE', 'NO_CHANGE', 'CONFLICT', 'REFUSED'].map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        </h2>
        <Items items={items} />
      </section>
    </>
  );
}

const STATES: Readonly<Record<PlanState, string>> = {
  PLANNED: 'Nothing is done before it is run. Look through the list first.',
  RUNNING: 'It is worked off, one after the other.',
  STOPPED: 'It was stopped before its end. What is left can be planned anew.',
  FINISHED: 'All have an outcome.',
};

const TONES: Readonly<Record<ActionOutcome, string>> = {
  DONE: 'calm',
  NO_CHANGE: 'calm',
  CONFLICT: 'odd',
  REFUSED: 'odd',
};

function Items({ items }: { items: readonly PlannedChat[] }) {
  if (items.length === 0) return <p class="none">None.</p>;
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col" class="num">
            No.
          </th>
          <th scope="col">Chat</th>
          <th scope="col">As planned</th>
          <th scope="col">Owner then</th>
          <th scope="col">What came of it</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ position, chatId, version, workerId, from, to, why, outcome, record }) => (
          <tr key={position}>
            <td class="num" data-label="no.">
              {position}
            </td>
            <th scope="row">
              <Id id={chatId} of="chat" whole bare />
            </th>
            <td data-label="as planned">
              {from ? <State state={from} /> : <span class="none">not read</span>} → {to ? <State state={to} /> : '–'}{' '}
              <span class="count">{version === null ? '' : `version ${version}`}</span>
            </td>
            <td data-label="owner">
              <Id id={workerId} of="replica" bare />
            </td>
            <td data-label="outcome">
              {outcome ? (
                <span class="verdict" data-tone={TONES[outcome]}>
                  {outcome}
                </span>
              ) : (
                <span class="none">not tried yet</span>
              )}{' '}
              {record ? <span class="count">resolved: {record.resolved.toLowerCase()}</span> : null}
              {why ? <span class="words">{why}</span> : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Runs a plan, changes its rate, or stops it. */
function Steering({ plan, onChanged }: { plan: PlanSummary; onChanged: () => void }) {
  const [rate, setRate] = useState(plan.perSecond ?? STANDARD_RATE);
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  if (plan.state !== 'PLANNED' && plan.state !== 'RUNNING') return null;
  const isMine = subject.value === plan.actor || subject.value === 'cookie' || subject.value === 'token';
  const change = async (asked: Promise<{ readonly problems: readonly Problem[] }>) => {
    setBusy(true);
    setProblem(undefined);
    const { problems } = await asked;
    setBusy(false);
    setProblem(problems[0]);
    onChanged();
  };
  const isTyped = plan.state === 'RUNNING' || typed.trim() === String(plan.total);
  const run = (event: SubmitEvent) => {
    event.preventDefault();
    if (isTyped && !isBusy) void change(ask(RunPlan, { id: plan.id, perSecond: rate }));
  };
  return (
    <form class="planner" onSubmit={run}>
      {isMine ? (
        <>
          <label class="choice">
            Chats in a second, at most
            <select value={String(rate)} onChange={({ currentTarget }) => setRate(Number(currentTarget.value))}>
              {[...new Set([...RATES, rate])].map((one) => (
                <option key={one} value={String(one)}>
                  {one}
                </option>
              ))}
            </select>
          </label>
          {plan.state === 'PLANNED' ? (
            <>
              <label for="plan-typed">
                Type <code>{plan.total}</code>, the number of chats, to confirm
              </label>
              <input
                id="plan-typed"
                type="text"
                inputMode="numeric"
                autocomplete="off"
                value={typed}
                onInput={({ currentTarget }) => setTyped(currentTarget.value)}
              />
            </>
          ) : null}
        </>
      ) : (
        <p>Only whoever made the plan may run it: person {plan.actor}.</p>
      )}
      <p class="buttons">
        {isMine ? (
          <button type="submit" class="primary" disabled={!isTyped || isBusy}>
            {plan.state === 'PLANNED' ? `${ORDERS[plan.action]} on ${manyOf(plan.total, 'chat')}` : 'Change the rate'}
          </button>
        ) : null}
        <button type="button" disabled={isBusy} onClick={() => void change(ask(StopPlan, { id: plan.id }))}>
          {plan.state === 'PLANNED' ? 'Give the plan up' : 'Stop for good'}
        </button>
      </p>
      {problem ? (
        <p class="old" role="alert">
          <b>{codeOf(problem)}</b> {problem.message} The list below shows what was done.
        </p>
      ) : null}
    </form>
  );
}
