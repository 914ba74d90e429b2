/** Both halves side by side: what the row says, what the owner holds in memory, and where they differ. */
import type { ComponentChildren } from 'preact';
import type { Consistency, WholeChat } from '../data/operations.ts';
import { Id } from './id.tsx';
import { Age, When } from './when.tsx';

const MEANINGS: Readonly<Record<Consistency, string>> = {
  EXACT: 'both show the same moment',
  DATABASE_AHEAD: 'the row is newer than what the owner knows',
  RUNTIME_AHEAD: 'the owner knows more than the row that was read',
  OWNER_MOVED: 'a second reading names another owner or runner, or another replica answered than the one asked',
  NOT_COMPARED: 'there is no runner of the owner to compare the row with',
};

/** A line of the comparison. A side without a path has no such value. */
interface Line {
  readonly name: string;
  readonly row?: Side | undefined;
  readonly memory?: Side | undefined;
}

interface Side {
  /** Path of the value, as evidence names it. */
  readonly path: string;
  readonly value: unknown;
  readonly shown?: ComponentChildren;
}

/** Paths that stand in the comparison. */
export const comparedPaths = (chat: WholeChat): Set<string> =>
  new Set(
    linesOf(chat, 0).flatMap(({ row, memory }) => [row?.path, memory?.path].filter((path) => path !== undefined)),
  );

export function Halves({ chat, atMs }: { chat: WholeChat; atMs: number }) {
  const { consistency } = chat.diagnosis;
  const { runtime } = chat;
  const reached = runtime?.reachability;
  return (
    <section aria-labelledby="halves">
      <h2 id="halves">
        Both halves{' '}
        <span class="count">
          {consistency}: {MEANINGS[consistency]}
        </span>
      </h2>
      <table class="halves">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Row, in the database</th>
            <th scope="col">
              Memory, of the owner{' '}
              {reached ? (
                <span class={reached.status === 'OK' ? 'count' : 'bad'}>
                  {reached.status} {reached.reason ?? ''}
                </span>
              ) : null}
            </th>
          </tr>
        </thead>
        <tbody>
          {linesOf(chat, atMs).map(({ name, row, memory }) => {
            const differs = isKnown(row) && isKnown(memory) && row.value !== memory.value;
            return (
              <tr key={name} data-differs={differs}>
                <th scope="row">
                  {name} {differs ? <span class="differs">≠ differs</span> : null}
                </th>
                <td>{row ? <Value side={row} /> : null}</td>
                <td>{memory ? <Value side={memory} /> : null}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {runtime === null ? (
        <p class="none">No replica owns the chat, so nobody holds anything of it in memory.</p>
      ) : null}
    </section>
  );
}

const isKnown = (side: Side | undefined): side is Side =>
  side !== undefined && side.value !== null && side.value !== undefined;

const Value = ({ side: { path, value, shown } }: { side: Side }) => (
  <span id={path} tabIndex={-1} class="value" title={path}>
    {shown ??
      (value === null || value === undefined ? (
        <span class="none">none</span>
      ) : (
        <span class="mono">{String(value)}</span>
      ))}
  </span>
);

function linesOf({ database, runtime, executionState }: WholeChat, atMs: number): Line[] {
  const runners = runtime?.runners ?? [];
  const found = runners.findIndex(({ runnerId }) => runnerId === database.runnerId);
  const at = Math.max(found, 0);
  const runner = runners[at];
  const base = `runtime.runners[${at}]`;
  const memory = (path: string, value: unknown, shown?: ComponentChildren): Side | undefined =>
    runner ? { path: `${base}.${path}`, value: value ?? null, ...(shown !== undefined && { shown }) } : undefined;
  const row = (path: string, value: unknown, shown?: ComponentChildren): Side => ({
    path,
    value: value ?? null,
    ...(shown !== undefined && { shown }),
  });
  const { heartbeat } = database;
  return [
    {
      name: 'state',
      row: row('executionState', executionState),
      memory: runner && memory('phase', undefined, runner.phase),
    },
    { name: 'status', row: row('database.status', database.status), memory: memory('status', runner?.status) },
    {
      name: 'owner',
      row: row('database.workerId', database.workerId, <Id id={database.workerId} of="replica" />),
      memory: runtime
        ? row('runtime.localWorkerId', runtime.localWorkerId, <Id id={runtime.localWorkerId} of="replica" />)
        : undefined,
    },
    {
      name: 'runner',
      row: row('database.runnerId', database.runnerId, <Id id={database.runnerId} />),
      memory: memory('runnerId', runner?.runnerId, <Id id={runner?.runnerId} />),
    },
    {
      name: 'snapshot version',
      row: row('database.snapshotVersion', database.snapshotVersion),
      memory: memory('snapshotVersion', runner?.snapshotVersion),
    },
    {
      name: 'history version',
      row: row('database.historyVersion', database.historyVersion),
      memory: memory('historyVersion', runner?.historyVersion),
    },
    {
      name: 'attempt',
      row: row('database.generationAttempt', database.generationAttempt),
      memory: memory('generationAttempt', runner?.generationAttempt),
    },
    {
      name: 'lease renewed',
      row: row('database.heartbeat.ageSeconds', undefined, <Age seconds={heartbeat?.ageSeconds} atMs={atMs} />),
      memory: memory('lease.ageSeconds', undefined, <Age seconds={runner?.lease?.ageSeconds} atMs={atMs} />),
    },
    {
      name: 'last change',
      row: row('database.updatedAgeSeconds', undefined, <Age seconds={database.updatedAgeSeconds} atMs={atMs} />),
      memory: memory(
        'activeTask.secondsSinceProgress',
        undefined,
        <Age seconds={runner?.activeTask?.secondsSinceProgress} atMs={atMs} />,
      ),
    },
    {
      name: 'queue',
      row: row('database.queueDepth', undefined, `${database.queueDepth} waiting`),
    },
    { name: 'task', memory: memory('activeTask.kind', undefined, runner?.activeTask?.kind ?? 'no task') },
    { name: 'created', row: row('database.createdAt', undefined, <When at={database.createdAt} />) },
  ];
}
