/** What the chat waits for, by its rows: the turn, open calls, the queue, a retry, a lock. */
import type { ComponentChildren } from 'preact';
import type { WholeChat } from '../data/operations.ts';
import { manyOf } from '../data/time.ts';
import { Age } from './when.tsx';

export function Waits({ chat: { database }, atMs }: { chat: WholeChat; atMs: number }) {
  const { turn, lastMessage, openCalls, queueDepth, lastError, retryState, trouble, messageStats } = database;
  const { requiresActionSecondsLeft: deadline, retrySecondsLeft } = database;
  const length = (seconds: number | null) => <Age seconds={seconds} atMs={atMs} bare />;
  const ahead = (seconds: number | null) => <Age seconds={seconds === null ? null : -seconds} atMs={atMs} />;
  return (
    <dl class="pairs">
      {turn ? (
        <Line name="Turn">
          {manyOf(turn.steps, 'step')}
          {turn.toolCalls === null ? '' : `, ${manyOf(turn.toolCalls, 'tool call')}`}, for {length(turn.ageSeconds)}
        </Line>
      ) : null}
      {lastMessage ? (
        <Line name="Last message">
          {lastMessage.role} <Age seconds={lastMessage.ageSeconds} atMs={atMs} />
          {lastMessage.hasText === false ? ', without text' : ''}
          {lastMessage.finishReason ? `, finished by ${lastMessage.finishReason}` : ''}
        </Line>
      ) : null}
      {(openCalls ?? []).map(({ id, toolName, ageSeconds, timesUnanswered }) => (
        <Line key={id} name="Open call">
          <code>{toolName}</code> <span class="count">{id}</span> for {length(ageSeconds)}
          {timesUnanswered > 1 ? `, unanswered ${timesUnanswered} times in a row` : ''}
        </Line>
      ))}
      {deadline === null ? null : <Line name="Deadline">{ahead(deadline)}</Line>}
      {queueDepth > 0 ? (
        <Line name="Queue">
          {manyOf(queueDepth, 'message')}, the oldest for {length(database.oldestQueuedAgeSeconds)}
        </Line>
      ) : null}
      {retryState === null ? null : (
        <Line name="Next try">
          {ahead(retrySecondsLeft)} <Words value={retryState} />
        </Line>
      )}
      {lastError === null ? null : (
        <Line name="Last error">
          <Words value={lastError} />
        </Line>
      )}
      {trouble?.rowLocked ? (
        <Line name="Row">
          <span class="bad">
            held by{' '}
            {trouble.lockedBy
              ? `${trouble.lockedBy.applicationName ?? 'a session'}, ${trouble.lockedBy.state}`
              : 'another session'}
          </span>{' '}
          for {length(trouble.rowLockedSeconds)}
        </Line>
      ) : null}
      {trouble?.canWrite === false ? (
        <Line name="Database">
          <span class="bad">takes no writes</span>
        </Line>
      ) : null}
      {messageStats ? (
        <Line name="Messages">
          {messageStats.total}
          {messageStats.deleted > 0 ? `, ${messageStats.deleted} deleted` : ''}:{' '}
          {messageStats.byRole.map(({ role, count }) => `${count} ${role}`).join(', ')}
        </Line>
      ) : null}
    </dl>
  );
}

const Line = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** Words of a provider, as the row keeps them: plain text. */
function Words({ value }: { value: unknown }) {
  const { kind, message, error, status_code: status, retryable, attempt } = (value ?? {}) as Record<string, unknown>;
  const hopeless = retryable === false ? 'trying again cannot help' : undefined;
  const facts = [kind, status, attempt ? `attempt ${attempt}` : undefined, hopeless];
  return (
    <>
      <code>{facts.filter(Boolean).join(', ')}</code>
      <span class="words">{String(message ?? error ?? '')}</span>
    </>
  );
}
