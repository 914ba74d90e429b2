/** What a replica holds of a chat in memory: runners with their leases and tasks, and buffers. */
import type { Lease, Memory, Task } from '../data/operations.ts';
import { lengthOf, manyOf } from '../data/time.ts';
import { Id } from './id.tsx';
import { Meter } from './meter.tsx';
import { useMomentMs } from './moment.ts';
import { Age } from './when.tsx';

const bytesOf = (bytes: number | null): string =>
  bytes === null
    ? '?'
    : bytes < 1_000
      ? `${bytes} B`
      : bytes < 1e6
        ? `${(bytes / 1e3).toFixed(1)} kB`
        : `${(bytes / 1e6).toFixed(2)} MB`;

/** Lease as a bar that runs out. */
export function LeaseBar({
  label,
  ageSeconds,
  staleAfterSeconds,
  atMs,
}: {
  label: string;
  ageSeconds: number | null;
  staleAfterSeconds: number | null;
  atMs: number;
}) {
  const nowMs = useMomentMs();
  if (ageSeconds === null || staleAfterSeconds === null) return <span class="none">not known</span>;
  const left = staleAfterSeconds - ageSeconds - Math.max(0, (nowMs - atMs) / 1_000);
  const tone = left < 0 ? 'bad' : left < staleAfterSeconds / 3 ? 'odd' : 'calm';
  return (
    <Meter label={label} value={left} max={staleAfterSeconds} tone={tone}>
      {left < 0 ? `ran out ${lengthOf(-left)} ago` : `${lengthOf(left)} of ${lengthOf(staleAfterSeconds)} left`}
    </Meter>
  );
}

/** Leases of the chat's rows, of which two are a hand-over, or two runners. */
export const RowLeases = ({
  leases,
  runnerId,
  atMs,
}: {
  leases: readonly Lease[];
  runnerId: string | null;
  atMs: number;
}) => (
  <table class="plain">
    <thead>
      <tr>
        <th scope="col">Lease of runner</th>
        <th scope="col">Runs out</th>
      </tr>
    </thead>
    <tbody>
      {leases.map((lease) => (
        <tr key={lease.runnerId}>
          <td>
            <Id id={lease.runnerId} /> {lease.runnerId === runnerId ? '' : <span class="count">not the row’s</span>}
          </td>
          <td>
            <LeaseBar label="What is left of the lease, in seconds" {...lease} atMs={atMs} />
          </td>
        </tr>
      ))}
      {leases.length === 0 ? (
        <tr>
          <td colSpan={2} class="none">
            No lease is written down.
          </td>
        </tr>
      ) : null}
    </tbody>
  </table>
);

export function MemoryOf({ memory, atMs }: { memory: Memory; atMs: number }) {
  const { runners, messageBuffers, reachability } = memory;
  if (runners === null) {
    return (
      <p class="bad">
        {reachability.status}: {reachability.reason ?? 'the replica could not be asked'}
      </p>
    );
  }
  return (
    <>
      {runners.length === 0 ? <p class="none">It was asked, and holds no runner of this chat.</p> : null}
      {runners.map((runner) => (
        <div key={runner.runnerId} class="runner">
          <h3>
            Runner <Id id={runner.runnerId} /> {runner.phase ?? ''}{' '}
            <span class="count">
              for <Age seconds={runner.uptimeSeconds} atMs={atMs} bare />
            </span>
          </h3>
          <dl class="pairs">
            <div>
              <dt>Lease</dt>
              <dd>
                <LeaseBar
                  label="What is left of the lease, in seconds"
                  ageSeconds={runner.lease?.ageSeconds ?? null}
                  staleAfterSeconds={runner.lease?.staleAfterSeconds ?? null}
                  atMs={atMs}
                />
                {runner.lease?.consecutiveFailures ? (
                  <span class="bad">
                    {manyOf(runner.lease.consecutiveFailures, 'renewal')} failed: {runner.lease.lastError}
                  </span>
                ) : null}
              </dd>
            </div>
            {runner.tasks.map((task) => (
              <TaskOf key={task.id} task={task} isActive={task.id === runner.activeTask?.id} atMs={atMs} />
            ))}
            {runner.tasks.length === 0 ? (
              <div>
                <dt>Task</dt>
                <dd class="none">
                  none
                  {runner.idleSeconds === null ? (
                    ''
                  ) : (
                    <>
                      , for <Age seconds={runner.idleSeconds} atMs={atMs} bare />
                    </>
                  )}
                </dd>
              </div>
            ) : null}
          </dl>
        </div>
      ))}
      {(messageBuffers ?? []).map((buffer) => (
        <div key={`${buffer.historyVersion} ${buffer.generationAttempt}`} class="runner">
          <h3>
            Buffer{' '}
            <span class="count">
              of version {buffer.historyVersion}, attempt {buffer.generationAttempt}
            </span>{' '}
            {buffer.isClosed ? 'closed' : 'open'}
          </h3>
          <Meter
            label="Bytes in the buffer"
            value={buffer.bytesBuffered ?? 0}
            max={buffer.capacityBytes ?? 1}
            tone={(buffer.partsDropped ?? 0) > 0 ? 'bad' : 'calm'}
          >
            {bytesOf(buffer.bytesBuffered)} of {bytesOf(buffer.capacityBytes)},{' '}
            {manyOf(buffer.partsBuffered ?? 0, 'part')}, {manyOf(buffer.subscriberCount ?? 0, 'reader')}
            {(buffer.partsDropped ?? 0) > 0 ? <b class="bad"> {buffer.partsDropped} parts dropped</b> : ''}
          </Meter>
        </div>
      ))}
    </>
  );
}

function TaskOf({ task, isActive, atMs }: { task: Task; isActive: boolean; atMs: number }) {
  const limit = task.progressWithinSeconds;
  return (
    <div>
      <dt>{isActive ? 'Task' : 'Old task'}</dt>
      <dd>
        {task.kind} {task.label ? <code>{task.label}</code> : ''} for{' '}
        <Age seconds={task.runningSeconds} atMs={atMs} bare />
        {task.secondsSinceProgress === null ? null : (
          <>
            , last progress <Age seconds={task.secondsSinceProgress} atMs={atMs} />
            {limit ? <span class="count"> (within {lengthOf(limit)})</span> : null}
          </>
        )}
        {task.attempt ? `, attempt ${task.attempt}${task.maxAttempts ? ` of ${task.maxAttempts}` : ''}` : ''}
        {task.secondsUntilRetry === null
          ? null
          : `, next try ${task.secondsUntilRetry < 0 ? 'was due' : 'in'} ${lengthOf(task.secondsUntilRetry)}`}
        {task.breakOffs ? `, broke off ${manyOf(task.breakOffs, 'time')}` : ''}
        {task.cancelledAt ? ', cancelled' : ''}
        {task.lastError ? <p class="words">{task.lastError}</p> : null}
        {task.databaseError ? <p class="words">{task.databaseError}</p> : null}
      </dd>
    </div>
  );
}
