/** The audit: who did what to what, why, and what came of it; and the plans for many at once. */
import { useEffect, useState } from 'preact/hooks';
import { ORDERS, OUTCOMES } from '../data/actionWords.ts';
import { ask, type Problem } from '../data/ask.ts';
import { nowMs } from '../data/clock.ts';
import {
  type ActionFilter,
  type ActionName,
  type ActionOutcome,
  ActionPlans,
  ActionRecords,
  type ActRecord,
} from '../data/operations.ts';
import { go, linkTo, setState, stateOf } from '../data/route.ts';
import { hasRole } from '../data/session.ts';
import { clockOf } from '../data/time.ts';
import { isUuid } from '../data/uuid.ts';
import { RecordRows } from '../parts/actRecords.tsx';
import { ActUnsettled } from '../parts/actUnsettled.tsx';
import { useCommands } from '../parts/commands.ts';
import { useAsk } from '../parts/live.ts';
import { PlanRows } from '../parts/planRows.tsx';
import { Problems } from '../parts/problems.tsx';
import { useTitle } from '../parts/title.ts';

const FIRST = 50;

/** Filter out of the address. One text finds a chat, a replica or a person, by the kind that is chosen. */
function filterOf(): ActionFilter {
  const [on, actor, action, outcome, tried] = ['on', 'actor', 'action', 'outcome', 'tried'].map(stateOf);
  const id = (on ?? '').trim().toLowerCase();
  const isReplica = stateOf('kind') === 'replica';
  return {
    ...(isUuid(id) && (isReplica ? { replicaId: id } : { chatId: id })),
    ...(actor && { actor }),
    ...(action && { action: [action] }),
    ...(outcome && { outcome: [outcome] }),
    ...(tried ? { dryRun: tried === 'only' } : {}),
  };
}

interface Read {
  readonly records: readonly ActRecord[];
  readonly after: string | null;
  readonly hasMore: boolean;
  readonly atMs: number;
  readonly problems: readonly Problem[];
}

const NOTHING: Read = { records: [], after: null, hasMore: false, atMs: 0, problems: [] };

export default function ActionsPage() {
  const filter = filterOf();
  const key = JSON.stringify(filter);
  const [round, setRound] = useState(0);
  const [read, setRead] = useState<Read>(NOTHING);
  const mayAudit = hasRole('chat-debug:audit') !== false;
  const plans = useAsk(ActionPlans, {}, round);
  const load = async (from: Read, aborting?: AbortSignal) => {
    const { data, problems } = await ask(ActionRecords, { filter, first: FIRST, after: from.after }, aborting);
    if (aborting?.aborted) return;
    const page = data?.actionRecords;
    setRead({
      records: [...from.records, ...(page?.edges.map(({ node }) => node) ?? [])],
      after: page?.pageInfo.endCursor ?? null,
      hasMore: page?.pageInfo.hasNextPage ?? false,
      ...{ atMs: nowMs(), problems },
    });
  };
  useEffect(() => {
    if (!mayAudit) return;
    const aborting = new AbortController();
    setRead(NOTHING);
    void load(NOTHING, aborting.signal);
    return () => aborting.abort();
  }, [key, round, mayAudit]);
  useTitle('Actions');
  const again = () => setRound(round + 1);
  useCommands(
    [
      { name: 'Load the records again', keys: 'r', run: again },
      { name: 'Clear the filters', keys: 'x', run: () => go(linkTo('actions')) },
      { name: 'Plan an action on many chats…', keys: 'm', run: () => go(linkTo('actions/new')) },
    ],
    [round],
  );
  const wanted = stateOf('key').toLowerCase();
  const records = wanted ? read.records.filter(({ idempotencyKey }) => idempotencyKey === wanted) : read.records;
  const isFiltered = wanted || Object.keys(filter).length > 0 || stateOf('on') !== '';
  return (
    <>
      <div class="top">
        <h1>Actions</h1>
        <span class="count">{read.atMs ? `as they were at ${clockOf(read.atMs)}` : ''}</span>
        <button type="button" onClick={again}>
          Load again <kbd>r</kbd>
        </button>
        <a href={linkTo('actions/new')}>Plan an action on many chats…</a>
      </div>
      <ActUnsettled />
      <section aria-labelledby="plans">
        <h2 id="plans">Plans</h2>
        {plans.problems.length > 0 && !plans.data?.actionPlans ? (
          <Problems problems={plans.problems} />
        ) : (
          <PlanRows plans={plans.data?.actionPlans ?? []} isAsked={plans.atMs > 0} />
        )}
      </section>
      <section aria-labelledby="records">
        <h2 id="records">Records</h2>
        {mayAudit ? (
          <>
            <search class="filters" aria-label="Filters">
              <select
                aria-label="Kind of target"
                value={stateOf('kind')}
                onChange={({ currentTarget }) => setState({ kind: currentTarget.value })}
              >
                <option value="">on chat</option>
                <option value="replica">on replica</option>
              </select>
              <input
                type="search"
                aria-label="Target, by its id"
                placeholder="id"
                value={stateOf('on')}
                spellcheck={false}
                onInput={({ currentTarget }) => setState({ on: currentTarget.value })}
              />
              <input
                type="search"
                aria-label="Actor, by the sub of the token"
                placeholder="who: sub of the token"
                value={stateOf('actor')}
                spellcheck={false}
                onChange={({ currentTarget }) => setState({ actor: currentTarget.value.trim() })}
              />
              <Choice name="action" label="Action" options={Object.keys(ORDERS) as ActionName[]} words={ORDERS} />
              <Choice name="outcome" label="Outcome" options={Object.keys(OUTCOMES) as ActionOutcome[]} />
              <Choice
                name="tried"
                label="Tried only"
                options={['only', 'none']}
                words={{ only: 'only those', none: 'without' }}
              />
              {isFiltered ? (
                <button type="button" onClick={() => go(linkTo('actions'))}>
                  Clear <kbd>x</kbd>
                </button>
              ) : null}
            </search>
            {stateOf('on') && !isUuid(stateOf('on').trim()) ? (
              <p class="count">Records are found by the whole id of a target: 36 characters.</p>
            ) : null}
            <Problems problems={read.problems} />
            {read.problems.length > 0 && records.length === 0 ? null : (
              <RecordRows records={records} isAsked={read.atMs > 0} filters />
            )}
            {read.hasMore ? (
              <p class="buttons">
                <button type="button" onClick={() => void load(read)}>
                  Older records
                </button>
                <span class="count">{read.records.length} are shown.</span>
              </p>
            ) : null}
          </>
        ) : (
          <p>
            You lack the role <code>chat-debug:audit</code>, which reads the records of all. Ask somebody who has it, or
            whoever gives out roles. What you do yourself is shown where you do it.
          </p>
        )}
      </section>
    </>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly options: readonly string[];
  readonly words?: Readonly<Record<string, string>>;
}

const Choice = ({ name, label, options, words = {} }: ChoiceProps) => (
  <label class="choice" data-set={stateOf(name) !== ''}>
    {label}
    <select value={stateOf(name)} onChange={({ currentTarget }) => setState({ [name]: currentTarget.value })}>
      <option value="">any</option>
      {options.map((one) => (
        <option key={one} value={one}>
          {words[one] ?? one}
        </option>
      ))}
    </select>
  </label>
);
