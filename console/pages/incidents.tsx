/** Incidents: what is wrong now, what was, and ways to look at a photograph of it. */
import { useEffect, useState } from 'preact/hooks';
import { ask, type Problem } from '../data/ask.ts';
import { type Frozen, renewed, takenIn } from '../data/frozen.ts';
import { type IncidentSeen, Incidents, IncidentsLive } from '../data/operations.ts';
import { go, linkTo, setState, stateOf } from '../data/route.ts';
import { lengthOf } from '../data/time.ts';
import { isUuid } from '../data/uuid.ts';
import { Severity, Verdict } from '../parts/badge.tsx';
import { useCommands } from '../parts/commands.ts';
import { DropBundle } from '../parts/dropBundle.tsx';
import { Id } from '../parts/id.tsx';
import { useLive } from '../parts/live.ts';
import { OwnOnly } from '../parts/ownOnly.tsx';
import { Problems } from '../parts/problems.tsx';
import { useTitle } from '../parts/title.ts';
import { When } from '../parts/when.tsx';

const FIRST = 50;
const EVERY_MS = 2_000;

const itemsOf = (incidents: readonly IncidentSeen[]) => incidents.map((value) => ({ id: value.id, group: '', value }));

export default function IncidentsPage() {
  const isPast = stateOf('list') === 'past';
  const [chat, code] = [stateOf('chat').trim().toLowerCase(), stateOf('code')];
  const filter = { open: !isPast, ...(isUuid(chat) && { chatId: chat }), ...(code && { code: [code] }) };
  const variables = { filter, first: FIRST };
  const key = JSON.stringify(variables);
  const seen = useLive({ stream: IncidentsLive, query: Incidents, variables, everyMs: EVERY_MS });
  const [frozen, setFrozen] = useState<Frozen<IncidentSeen> & { key: string }>({ rows: [], waiting: 0, key });
  const [older, setOlder] = useState<Older>(NONE);
  const first = seen.data?.incidents?.edges.map(({ node }) => node);
  useEffect(() => setOlder(NONE), [key]);
  useEffect(() => {
    if (!first) return setFrozen({ rows: [], waiting: 0, key });
    setFrozen((was) => ({ ...(was.key === key ? renewed(was, itemsOf(first)) : takenIn(itemsOf(first))), key }));
  }, [seen.data, key]);
  const takeIn = () => first && setFrozen({ ...takenIn(itemsOf(first)), key });
  const more = older.after ?? seen.data?.incidents?.pageInfo;
  const readOlder = async () => {
    const { data, problems } = await ask(Incidents, { filter, first: FIRST, after: more?.endCursor ?? null });
    const page = data?.incidents;
    const nodes = page?.edges.map(({ node }) => node) ?? [];
    setOlder({ rows: [...older.rows, ...nodes], after: page?.pageInfo ?? older.after, problems });
  };
  const picked = stateOf('pick').split(',').filter(Boolean);
  const pick = (id: string) =>
    setState({
      pick: (picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id].slice(-2)).join(','),
    });
  const compare = () => go(linkTo(`incidents/${picked[0]}`, { with: `${picked[1]}/` }));
  const shownIds = new Set(frozen.rows.map(({ id }) => id));
  const rows = [
    ...frozen.rows.map(({ value, isGone }) => ({ value, isGone })),
    ...older.rows.filter(({ id }) => !shownIds.has(id)).map((value) => ({ value, isGone: false })),
  ];
  useTitle(isPast ? 'Past incidents' : first ? `${first.length} open · Incidents` : 'Incidents');
  useCommands(
    [
      { name: 'Take in the incidents that have come', keys: '.', run: takeIn },
      { name: 'Show open incidents', run: () => setState({ list: '' }) },
      { name: 'Show past incidents', run: () => setState({ list: 'past' }) },
      ...(picked.length === 2 ? [{ name: 'Compare the two', keys: 'd', run: compare }] : []),
    ],
    [seen.data, key, picked.join()],
  );
  return (
    <>
      <div class="top">
        <h1>Incidents</h1>
        <div class="tabs">
          <a href={linkTo('incidents', { chat, code })} {...(!isPast && { 'aria-current': 'true' })}>
            Open
          </a>
          <a href={linkTo('incidents', { chat, code, list: 'past' })} {...(isPast && { 'aria-current': 'true' })}>
            Past
          </a>
        </div>
        <DropBundle onOpened={(place) => go(linkTo('incidents/file', { photo: String(place) }))} />
      </div>
      <OwnOnly />
      <search class="filters" aria-label="Filters">
        <input
          type="search"
          aria-label="Chat, by its id"
          placeholder="id of a chat"
          value={stateOf('chat')}
          spellcheck={false}
          onInput={({ currentTarget }) => setState({ chat: currentTarget.value })}
        />
        {code ? (
          <button type="button" onClick={() => setState({ code: '' })}>
            Only {code}: show all
          </button>
        ) : null}
        {picked.length === 2 ? (
          <button type="button" class="primary" onClick={compare}>
            Compare the two <kbd>d</kbd>
          </button>
        ) : (
          <span class="count">
            {picked.length === 1 ? 'Pick one more to compare the two.' : 'Pick two to compare them.'}
          </span>
        )}
      </search>
      {chat && !isUuid(chat) ? (
        <p class="count">Incidents are found by the whole id of a chat: 36 characters. Until then all are listed.</p>
      ) : null}
      {seen.data?.incidents ? null : <Problems problems={seen.problems} />}
      {seen.data === undefined ? <p class="none">Asking…</p> : null}
      {seen.data && seen.data.incidents === null && seen.problems.length === 0 ? (
        <p>
          No recorder keeps incidents here: the gateway has no RECORDER_URL. A bundle file can be opened all the same.
        </p>
      ) : null}
      {frozen.waiting > 0 ? (
        <p class="waiting" role="status">
          <button type="button" onClick={takeIn}>
            {frozen.waiting === 1 ? '1 incident has come.' : `${frozen.waiting} incidents have come.`} Take in{' '}
            <kbd>.</kbd>
          </button>
        </p>
      ) : null}
      {first && rows.length === 0 ? (
        <p class="empty">
          {isPast ? 'No past incident matches.' : code || chat ? 'No open incident matches.' : 'No incident is open.'}
        </p>
      ) : null}
      {rows.length > 0 ? <Table rows={rows} picked={picked} pick={pick} /> : null}
      <Problems problems={older.problems} />
      {more?.hasNextPage ? (
        <p class="buttons">
          <button type="button" onClick={() => void readOlder()}>
            Older incidents
          </button>
        </p>
      ) : null}
    </>
  );
}

interface Older {
  readonly rows: readonly IncidentSeen[];
  readonly after?: { readonly endCursor: string | null; readonly hasNextPage: boolean } | undefined;
  readonly problems: readonly Problem[];
}

const NONE: Older = { rows: [], problems: [] };

interface TableProps {
  readonly rows: readonly { readonly value: IncidentSeen; readonly isGone: boolean }[];
  readonly picked: readonly string[];
  readonly pick: (id: string) => void;
}

const Table = ({ rows, picked, pick }: TableProps) => (
  <table class="table">
    <thead>
      <tr>
        <th scope="col">Cause</th>
        <th scope="col">Verdict</th>
        <th scope="col">What was wrong</th>
        <th scope="col">Chat</th>
        <th scope="col">Opened</th>
        <th scope="col">For</th>
        <th scope="col">Closed</th>
        <th scope="col">Compare</th>
      </tr>
    </thead>
    <tbody>
      {rows.map(({ value, isGone }) => (
        <tr key={value.id} data-gone={isGone}>
          <th scope="row">
            <a href={linkTo(`incidents/${value.id}`)} aria-label={`Incident ${value.id.slice(0, 8)}, ${value.code}`}>
              <code>{value.code}</code>
            </a>{' '}
            <button
              type="button"
              class="plain"
              aria-label={`Only ${value.code}`}
              title={`Only ${value.code}`}
              onClick={() => setState({ code: value.code })}
            >
              only
            </button>
          </th>
          <td data-label="verdict">
            <Verdict verdict={value.verdict} /> <Severity severity={value.severity} />
          </td>
          <td data-label="what" class="wide">
            {value.summary}
            {value.codes.length > 1 ? <span class="words">had {value.codes.join(', ')}</span> : null}
          </td>
          <td data-label="chat">
            <Id id={value.chatId} of="chat" bare />
          </td>
          <td data-label="opened">
            <When at={value.openedAt} />
          </td>
          <td data-label="for" class="length">
            {lengthOf(value.secondsOpen)}
          </td>
          <td data-label="closed">
            {isGone ? 'no longer in this list' : value.closedAt ? <When at={value.closedAt} /> : 'open'}{' '}
            {value.closeReason ?? ''}
          </td>
          <td data-label="compare">
            <input
              type="checkbox"
              aria-label={`Compare incident ${value.id.slice(0, 8)}`}
              checked={picked.includes(value.id)}
              onChange={() => pick(value.id)}
            />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);
