/** Filters of the fleet. All of them are in the address. */
import type { ChatFilter, ExecutionState, Listed, Suspect, Verdict as VerdictName } from '../data/operations.ts';
import { go, linkTo, setState, stateOf } from '../data/route.ts';
import { isUuid } from '../data/uuid.ts';
import { Verdict } from './badge.tsx';
import { useCommands } from './commands.ts';

/** Verdicts, the worst first. */
export const VERDICTS: readonly VerdictName[] = ['STUCK', 'FAILED', 'UNKNOWN', 'WAITING', 'WORKING', 'IDLE'];
const STATES = ['W', 'R0', 'R1', 'I0', 'I1', 'A0', 'A1', 'E0', 'E1', 'XW', 'XE0', 'XE1', 'INVALID'];

/** Filter that the gateway applies, out of the address. What it could not apply is left out, and is in `oddFilters`. */
export function filterOf(): ChatFilter {
  const [state, owned, replica, person] = ['state', 'owned', 'replica', 'person'].map((name) =>
    oddFilters().includes(name) ? '' : stateOf(name),
  );
  return {
    ...(state && { executionState: state.split(',') as ExecutionState[] }),
    ...(owned && { owned: owned === 'yes' }),
    ...(replica && { workerId: replica }),
    ...(person && { ownerId: person }),
  };
}

const FITS: Readonly<Record<string, (value: string) => boolean>> = {
  state: (value) => value.split(',').every((one) => STATES.includes(one)),
  owned: (value) => ['yes', 'no'].includes(value),
  ...{ replica: isUuid, person: isUuid },
};

/** Names of filters in the address whose values no chat can have. A list without them would be another one. */
export const oddFilters = (): string[] =>
  Object.entries(FITS).flatMap(([name, fits]) => (stateOf(name) === '' || fits(stateOf(name)) ? [] : [name]));

/** Filters in the address: those that the gateway applies, and those of this page. */
const NAMES = [...Object.keys(FITS), 'finding', 'verdict', 'q'];

/** Takes all filters out of the address, and leaves the rest of it. */
const clearFilters = (): void => setState(Object.fromEntries(NAMES.map((name) => [name, ''])));

/** Stands in place of a list whose filters cannot be applied. */
export const OddFilters = () => (
  <p class="old" role="alert">
    {oddFilters()
      .map((name) => `${name}=${stateOf(name)}`)
      .join(' and ')}{' '}
    cannot be filtered by. Nothing is listed, since the list would be another one than this address asks for. Clear the
    filters, or choose others.
  </p>
);

/** Finding under which a chat is listed: the first, which is the root cause. */
export const rootOf = ({ diagnosis }: Suspect): string => diagnosis.findings[0]?.code ?? 'NO_FINDING';

/** True if a text is part of what is known of a chat. */
export const holds = ({ chatId, database }: Listed, text: string): boolean =>
  [chatId, database.title, database.ownerId, database.workerId ?? ''].some((part) =>
    part.toLowerCase().includes(text.toLowerCase()),
  );

/** True if the filters that the gateway does not know let a chat through. */
export function matches(chat: Suspect): boolean {
  const [finding, verdict, text] = ['finding', 'verdict', 'q'].map(stateOf) as [string, string, string];
  if (finding && !chat.diagnosis.findings.some(({ code }) => code === finding)) return false;
  if (verdict && chat.diagnosis.verdict !== verdict) return false;
  return text === '' || holds(chat, text.trim());
}

const countOf = (names: readonly string[]): [string, number][] => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a.localeCompare(b));
};

export function FleetFilters({ suspects, isAll }: { suspects: readonly Suspect[]; isAll: boolean }) {
  const verdicts = new Map(countOf(suspects.map(({ diagnosis }) => diagnosis.verdict)));
  const findings = countOf(
    suspects.flatMap(({ diagnosis }) => [...new Set(diagnosis.findings.map(({ code }) => code))]),
  );
  const replicas = countOf(suspects.flatMap(({ database: { workerId } }) => (workerId ? [workerId] : [])));
  const people = countOf(suspects.map(({ database: { ownerId } }) => ownerId));
  useCommands([{ name: 'Clear the filters', keys: 'x', run: clearFilters }], []);
  const isFiltered = NAMES.some((name) => stateOf(name));
  const onKeyDown = (event: KeyboardEvent & { readonly currentTarget: HTMLInputElement }) => {
    if (event.key === 'Escape') event.currentTarget.blur();
    const text = event.currentTarget.value.trim().toLowerCase();
    if (event.key === 'Enter' && isUuid(text)) go(linkTo(`chats/${text}`));
  };
  return (
    <search class="filters" aria-label="Filters">
      <input
        id="search"
        type="search"
        aria-label="Search by id, part of a title, or owner"
        placeholder="id, part of a title, owner"
        value={stateOf('q')}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => setState({ q: currentTarget.value })}
        onKeyDown={onKeyDown}
      />
      {isAll ? null : (
        <span class="counts">
          {VERDICTS.filter((name) => verdicts.has(name) || stateOf('verdict') === name).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={stateOf('verdict') === name}
              onClick={() => setState({ verdict: stateOf('verdict') === name ? '' : name })}
            >
              <Verdict verdict={name} /> {verdicts.get(name) ?? 0}
            </button>
          ))}
        </span>
      )}
      {isAll ? null : <Choice name="finding" label="Finding" options={findings} />}
      <Choice name="state" label="State" options={STATES.map((state) => [state, undefined])} />
      <Choice
        name="owned"
        label="Owner"
        options={[
          ['yes', undefined],
          ['no', undefined],
        ]}
        words={{ yes: 'has one', no: 'has none' }}
      />
      <Choice name="replica" label="Replica" options={replicas} />
      <Choice name="person" label="Person" options={people} />
      {isFiltered ? (
        <button type="button" onClick={clearFilters}>
          Clear <kbd>x</kbd>
        </button>
      ) : null}
    </search>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  /** Values, with how many chats have each. */
  readonly options: readonly (readonly [value: string, count: number | undefined])[];
  readonly words?: Readonly<Record<string, string>>;
}

function Choice({ name, label, options, words = {} }: ChoiceProps) {
  const value = stateOf(name);
  const known =
    options.some(([one]) => one === value) || value === '' ? options : [...options, [value, undefined] as const];
  const textOf = (one: string) => words[one] ?? (isUuid(one) ? one.slice(0, 8) : one);
  return (
    <label class="choice" data-set={value !== ''}>
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => setState({ [name]: currentTarget.value })}>
        <option value="">any</option>
        {known.map(([one, count]) => (
          <option key={one} value={one}>
            {textOf(one)}
            {count === undefined ? '' : ` (${count})`}
          </option>
        ))}
      </select>
    </label>
  );
}
