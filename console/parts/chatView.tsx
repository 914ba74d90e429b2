/**
 * A chat, whole: as it is now, or as a photograph shows it.
 * It asks nothing by itself, so that a stored bundle is shown by the same parts.
 */
import type { ComponentChildren } from 'preact';
import type { Problem } from '../data/ask.ts';
import { nameOr } from '../data/legible.ts';
import type { ChatEverywhereAnswer, ChatFamilyAnswer, WholeChat } from '../data/operations.ts';
import type { Past } from '../data/timeline.ts';
import { State, Verdict } from './badge.tsx';
import { Everywhere } from './everywhere.tsx';
import { Family } from './family.tsx';
import { Findings } from './findings.tsx';
import { Halves } from './halves.tsx';
import { Id } from './id.tsx';
import type { Asked } from './live.ts';
import { MemoryOf, RowLeases } from './memory.tsx';
import { Moment } from './moment.ts';
import { Problems } from './problems.tsx';
import { StateDiagram } from './stateDiagram.tsx';
import { Timeline } from './timeline.tsx';
import { Values } from './values.tsx';
import { Waits } from './waits.tsx';

interface ChatViewProps {
  readonly chat: WholeChat;
  /** Time of the answer, or of the photograph, in milliseconds since 1970. */
  readonly atMs: number;
  /** True: nothing moves, ages are those of the photograph. */
  readonly isPhoto?: boolean;
  readonly past?: Past | undefined;
  /** Why there is no past. */
  readonly pastProblems?: readonly Problem[];
  readonly everywhere?: { readonly asked: Asked<ChatEverywhereAnswer>; readonly again?: () => void } | undefined;
  readonly family?: Asked<ChatFamilyAnswer> | undefined;
  /** What can be done, between findings and halves. */
  readonly actions?: ComponentChildren;
  /** Ways to take it along, beside the title. */
  readonly ways?: ComponentChildren;
}

export function ChatView({
  chat,
  atMs,
  isPhoto = false,
  past,
  pastProblems = [],
  everywhere,
  family,
  actions,
  ways,
}: ChatViewProps) {
  const { chatId, database, diagnosis, executionState, runtime } = chat;
  const last = past?.history?.edges.find(
    ({ node }) => node.fromState !== node.toState && node.toState === executionState,
  );
  return (
    <Moment.Provider value={isPhoto ? atMs : undefined}>
      <div class="top chat">
        <Verdict verdict={diagnosis.verdict} />
        <h1>{nameOr(database.title, 'A chat without a title')}</h1>
        <State state={executionState} />
        <Id id={chatId} whole />
        <span class="count">
          person <Id id={database.ownerId} />
        </span>
        {ways}
      </div>
      <p class="summary" data-verdict={diagnosis.verdict}>
        {diagnosis.summary}
      </p>
      <div class="split">
        <div>
          <Findings findings={diagnosis.findings} chatId={chatId} />
          {actions}
        </div>
        <StateDiagram state={executionState} from={last?.node.fromState ?? undefined} />
      </div>
      <Halves chat={chat} atMs={atMs} />
      <div class="split even">
        <section aria-labelledby="leases">
          <h2 id="leases">Leases and what it waits for, by the rows</h2>
          <RowLeases leases={database.heartbeats} runnerId={database.runnerId} atMs={atMs} />
          <Waits chat={chat} atMs={atMs} />
        </section>
        <section aria-labelledby="memory">
          <h2 id="memory">
            Memory of the owner <Id id={runtime?.workerId} of="replica" />
          </h2>
          {runtime ? <MemoryOf memory={runtime} atMs={atMs} /> : <p class="none">No replica owns the chat.</p>}
        </section>
      </div>
      {past ? <Timeline past={past} /> : <Problems problems={pastProblems} />}
      {everywhere ? <Everywhere chat={chat} {...everywhere} /> : null}
      {family ? <Family chat={chat} asked={family} /> : null}
      <Values chat={chat} />
    </Moment.Provider>
  );
}
