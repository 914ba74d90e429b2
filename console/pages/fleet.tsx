/** The first page: chats in trouble, grouped by what is wrong; or all chats. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { type Frozen, groupsOf, renewed, takenIn } from '../data/frozen.ts';
import { Fleet, FleetLive, type Suspect } from '../data/operations.ts';
import { go, linkTo, setState, stateOf } from '../data/route.ts';
import { AllChats } from '../parts/allChats.tsx';
import { ChatRow } from '../parts/chatRow.tsx';
import { useCommands } from '../parts/commands.ts';
import { FleetFilters, filterOf, matches, OddFilters, oddFilters, rootOf, VERDICTS } from '../parts/fleetFilters.tsx';
import { useLive } from '../parts/live.ts';
import { OwnOnly, seesOwnOnly } from '../parts/ownOnly.tsx';
import { Problems } from '../parts/problems.tsx';
import { useTitle } from '../parts/title.ts';

const FIRST = 100;
const EVERY_MS = 2_000;

/** Suspects as items, those of the worst group first. Within a group the oldest trouble stands first, as it came. */
function itemsOf(suspects: readonly Suspect[]) {
  const worst = new Map<string, number>();
  for (const one of suspects) {
    const rank = VERDICTS.indexOf(one.diagnosis.verdict);
    worst.set(rootOf(one), Math.min(rank, worst.get(rootOf(one)) ?? rank));
  }
  return suspects
    .map((value) => ({ id: value.chatId, group: rootOf(value), value }))
    .sort((a, b) => (worst.get(a.group) ?? 0) - (worst.get(b.group) ?? 0));
}

export default function FleetPage() {
  const filter = filterOf();
  const variables = { filter: { ...filter, suspect: true }, first: FIRST };
  const seen = useLive({ stream: FleetLive, query: Fleet, variables, everyMs: EVERY_MS });
  const suspects = seen.data?.chats.edges.map(({ node }) => node);
  const key = JSON.stringify(variables);
  const [frozen, setFrozen] = useState<Frozen<Suspect> & { key: string }>({ rows: [], waiting: 0, key });
  useEffect(() => {
    if (!suspects) return setFrozen({ rows: [], waiting: 0, key });
    setFrozen((was) => ({ ...(was.key === key ? renewed(was, itemsOf(suspects)) : takenIn(itemsOf(suspects))), key }));
  }, [seen.data, key]);
  const takeIn = () => suspects && setFrozen({ ...takenIn(itemsOf(suspects)), key });
  const isAll = stateOf('list') === 'all';
  const stuck = (suspects ?? []).filter(({ diagnosis }) => diagnosis.verdict === 'STUCK').length;
  useTitle(
    isAll
      ? 'All chats'
      : suspects && oddFilters().length === 0
        ? `${stuck > 0 ? `${stuck} stuck` : 'None stuck'} · Fleet`
        : 'Fleet',
  );
  useCommands(
    [
      { name: 'Search the list', keys: '/', run: () => document.querySelector<HTMLInputElement>('#search')?.focus() },
      { name: 'Next chat', keys: 'j', run: () => move(1) },
      { name: 'Previous chat', keys: 'k', run: () => move(-1) },
      { name: 'Take in the chats that have come', keys: '.', run: takeIn },
      { name: 'Act on many of these chats…', keys: 'm', run: () => go(linkTo('actions/new', stateWith({}))) },
      { name: 'Show suspects', run: () => setState({ list: '' }) },
      { name: 'Show all chats', run: () => setState({ list: 'all' }) },
    ],
    [suspects, key],
  );
  const rows = useMemo(() => frozen.rows.filter(({ value }) => matches(value)), [frozen, location.search]);
  return (
    <>
      <div class="top">
        <h1>Fleet</h1>
        <div class="tabs">
          <a href={linkTo('', stateWith({ list: '' }))} {...(!isAll && { 'aria-current': 'true' })}>
            Suspects{' '}
            {suspects && oddFilters().length === 0
              ? `${suspects.length}${seen.data?.chats.pageInfo.hasNextPage ? '+' : ''}`
              : ''}
          </a>
          <a href={linkTo('', stateWith({ list: 'all' }))} {...(isAll && { 'aria-current': 'true' })}>
            All chats
          </a>
        </div>
      </div>
      <OwnOnly />
      <FleetFilters suspects={suspects ?? []} isAll={isAll} />
      {seen.isOld ? null : <Problems problems={seen.problems} />}
      {oddFilters().length > 0 ? (
        <OddFilters />
      ) : isAll ? (
        <AllChats filter={filter} />
      ) : (
        <>
          {frozen.waiting > 0 ? (
            <p class="waiting" role="status">
              <button type="button" onClick={takeIn}>
                {frozen.waiting === 1 ? '1 chat has come.' : `${frozen.waiting} chats have come.`} Take in <kbd>.</kbd>
              </button>
            </p>
          ) : null}
          {suspects === undefined ? (
            <p class="none">{seen.data === null ? 'Nothing is known now.' : 'Asking…'}</p>
          ) : null}
          {suspects && rows.length === 0 ? (
            <p class="empty">
              {suspects.length === 0
                ? seesOwnOnly()
                  ? 'None of your chats looks like trouble.'
                  : 'No chat that you may read looks like trouble.'
                : 'No chat of this list matches the filters.'}
            </p>
          ) : null}
          {groupsOf(rows).map(([group, members]) => (
            <section key={group} class="group" aria-label={group}>
              <h2>
                {group} <span class="count">{members.length}</span>{' '}
                <a href={linkTo('actions/new', stateWith({ finding: group }))} aria-label={`act on these… ${group}`}>
                  act on these…
                </a>
              </h2>
              <ol class="rows">
                {members.map(({ id, value, isGone }) => (
                  <ChatRow key={id} chat={value} diagnosis={value.diagnosis} atMs={seen.atMs ?? 0} isGone={isGone} />
                ))}
              </ol>
            </section>
          ))}
        </>
      )}
    </>
  );
}

const stateWith = (changes: Readonly<Record<string, string>>) => ({
  ...Object.fromEntries(new URLSearchParams(location.search)),
  ...changes,
});

/** Moves the focus along the chats of the list. */
function move(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('.rows a.title')];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)]?.focus();
}
