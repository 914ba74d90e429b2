/** All replicas that the database knows: who is alive, how full, how late, and what drains. */
import { nameOr, shortName } from '../data/legible.ts';
import type { ReplicaSeen } from '../data/operations.ts';
import { Replicas, ReplicasLive } from '../data/operations.ts';
import { conditionOf, failuresOf, isTrouble, LATE_MS, megabytes, sorted } from '../data/replicas.ts';
import { linkTo, setState, stateOf } from '../data/route.ts';
import { useCommands } from '../parts/commands.ts';
import { Id } from '../parts/id.tsx';
import { useLive } from '../parts/live.ts';
import { Meter } from '../parts/meter.tsx';
import { Problems } from '../parts/problems.tsx';
import { ReplicaState } from '../parts/replicaState.tsx';
import { useTitle } from '../parts/title.ts';
import { When } from '../parts/when.tsx';

const EVERY_MS = 2_000;

export default function ReplicasPage() {
  const seen = useLive({ stream: ReplicasLive, query: Replicas, variables: {}, everyMs: EVERY_MS });
  const replicas = sorted(seen.data?.replicas ?? []);
  const isAll = stateOf('show') === 'all';
  const troubled = replicas.filter((one) => isTrouble(conditionOf(one))).length;
  const stopped = replicas.filter((one) => conditionOf(one) === 'stopped').length;
  const shown = isAll ? replicas : replicas.filter((one) => conditionOf(one) !== 'stopped');
  useTitle(seen.data?.replicas ? `${troubled > 0 ? `${troubled} in trouble · ` : ''}Replicas` : 'Replicas');
  useCommands(
    [{ name: 'Show or hide stopped replicas', keys: 's', run: () => setState({ show: isAll ? '' : 'all' }) }],
    [isAll],
  );
  return (
    <>
      <div class="top">
        <h1>Replicas</h1>
        <span class="count">
          {seen.data?.replicas
            ? `${shown.length} shown, ${troubled} in trouble`
            : seen.data === undefined
              ? 'Asking…'
              : ''}
        </span>
        <label>
          <input
            type="checkbox"
            checked={isAll}
            onChange={({ currentTarget }) => setState({ show: currentTarget.checked ? 'all' : '' })}
          />{' '}
          stopped ones, too{stopped > 0 ? ` (${stopped})` : ''}
        </label>
      </div>
      {seen.data?.replicas ? null : <Problems problems={seen.problems} />}
      {seen.data && !seen.data.replicas && seen.problems.length === 0 ? (
        <p class="none">Nothing is known now.</p>
      ) : null}
      {shown.length > 0 ? (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Replica</th>
              <th scope="col">State</th>
              <th scope="col">Version</th>
              <th scope="col" class="num">
                Owns
              </th>
              <th scope="col">Runners of its capacity</th>
              <th scope="col" class="num">
                Event loop
              </th>
              <th scope="col" class="num">
                Memory
              </th>
              <th scope="col">Started</th>
              <th scope="col">Row renewed</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((replica) => (
              <Row key={replica.id} replica={replica} />
            ))}
          </tbody>
        </table>
      ) : null}
      {seen.data?.replicas && shown.length === 0 ? (
        <p class="empty">No replica is alive: no chat can be worked on. Start one with `npm run start:replica`.</p>
      ) : null}
    </>
  );
}

function Row({ replica }: { replica: ReplicaSeen }) {
  const { id, hostname, version, ownedChats, runtime, startedAt, updatedAt, stoppedAt, error } = replica;
  const late = (runtime?.eventLoopDelayMs ?? 0) > LATE_MS;
  return (
    <tr data-gone={stoppedAt !== null}>
      <th scope="row" class="wide">
        <a href={linkTo(`replicas/${id}`)}>{shortName(nameOr(hostname, 'without a name'))}</a> <Id id={id} bare />
      </th>
      <td data-label="state">
        <ReplicaState replica={replica} />
        {error ? <span class="words">{error}</span> : null}
        {failuresOf(replica).map((words) => (
          <span key={words} class="words">
            {words}
          </span>
        ))}
        {runtime && runtime.reachability.status !== 'OK' && !stoppedAt ? (
          <span class="words">
            {runtime.reachability.status} {runtime.reachability.reason ?? ''}
          </span>
        ) : null}
      </td>
      <td data-label="version" class="any">
        {shortName(version)}
      </td>
      <td data-label="owns" class="num">
        {ownedChats > 0 ? <a href={linkTo('', { list: 'all', replica: id })}>{ownedChats}</a> : 0}
      </td>
      <td data-label="runners">
        {runtime?.capacity ? (
          <Meter
            label="Runners of its capacity"
            value={runtime.runnerCount ?? 0}
            max={runtime.capacity}
            tone={runtime.isFull ? 'odd' : 'calm'}
          >
            {runtime.runnerCount} of {runtime.capacity}
          </Meter>
        ) : (
          <span class="none">–</span>
        )}
      </td>
      <td data-label="event loop" class="num">
        {runtime?.eventLoopDelayMs === null || runtime?.eventLoopDelayMs === undefined ? (
          <span class="none">–</span>
        ) : (
          <span class={late ? 'bad' : ''}>
            {Math.ceil(runtime.eventLoopDelayMs)} ms{late ? ' late' : ''}
          </span>
        )}
      </td>
      <td data-label="memory" class="num">
        {megabytes(runtime?.residentBytes)}
      </td>
      <td data-label="started">
        <When at={startedAt} />
      </td>
      <td data-label="row renewed">
        {stoppedAt ? (
          <>
            stopped <When at={stoppedAt} />
          </>
        ) : (
          <When at={updatedAt} />
        )}
      </td>
    </tr>
  );
}
