/** One chat in a list. */
import { nameOr } from '../data/legible.ts';
import type { Listed, Suspect } from '../data/operations.ts';
import { linkTo, setState } from '../data/route.ts';
import { State, Verdict } from './badge.tsx';
import { Id } from './id.tsx';
import type { Place } from './longList.tsx';
import { Age } from './when.tsx';

interface ChatRowProps {
  readonly chat: Listed;
  readonly diagnosis?: Suspect['diagnosis'];
  /** Time at which the answer came, in milliseconds since 1970. */
  readonly atMs: number;
  /** True: the last answer no longer has it. */
  readonly isGone?: boolean;
  /** Place in a long list. */
  readonly place?: Place;
}

export function ChatRow({
  chat: { chatId, executionState, database },
  diagnosis,
  atMs,
  isGone = false,
  place,
}: ChatRowProps) {
  const [root, ...others] = diagnosis?.findings ?? [];
  return (
    <li class="row" data-gone={isGone} {...place}>
      {isGone ? (
        <span class="verdict" data-tone="calm" title="It is no longer in this list.">
          gone
        </span>
      ) : diagnosis ? (
        <Verdict verdict={diagnosis.verdict} />
      ) : (
        <State state={executionState} />
      )}
      <span class="about">
        <a class="title" href={linkTo(`chats/${chatId}`)}>
          {nameOr(database.title, 'without a title')}
        </a>
        {diagnosis ? <span class="why">{diagnosis.summary}</span> : null}
      </span>
      {diagnosis ? <State state={executionState} /> : null}
      <span class="more" title={others.map(({ code }) => code).join(', ')}>
        {root && others.length > 0 ? `+${others.length}` : ''}
      </span>
      <span class="where">
        <span class="label">owner </span>
        <Id id={database.workerId} of="replica" bare />
      </span>
      <span class="where">
        <span class="label">person </span>
        <button
          type="button"
          class="plain"
          title={`Chats of person ${database.ownerId}`}
          onClick={() => setState({ person: database.ownerId })}
        >
          {database.ownerId.slice(0, 8)}
        </button>
      </span>
      <span class="num">
        <span class="label">changed </span>
        <Age seconds={database.updatedAgeSeconds} atMs={atMs} />
      </span>
    </li>
  );
}
