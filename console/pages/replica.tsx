/** One replica: how it is, what it holds, who else does, and what may be done with it. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { shortName } from '../data/legible.ts';
import { ReplicaActions, ReplicaHeld, Replicas, ReplicasLive } from '../data/operations.ts';
import { CONDITIONS, conditionOf, LATE_MS, megabytes, nameOf } from '../data/replicas.ts';
import { linkTo } from '../data/route.ts';
import { hasRole } from '../data/session.ts';
import { isUuid } from '../data/uuid.ts';
import { toOffers } from '../parts/act.tsx';
import { RecordRows } from '../parts/actRecords.tsx';
import { ActReplica } from '../parts/actReplica.tsx';
import { useCommands } from '../parts/commands.ts';
import { Held } from '../parts/held.tsx';
import { Id } from '../parts/id.tsx';
import { useAsk, useLive } from '../parts/live.ts';
import { LoopHealth } from '../parts/loopHealth.tsx';
import { Meter } from '../parts/meter.tsx';
import { copy } from '../parts/notice.tsx';
import { Problems } from '../parts/problems.tsx';
import { ReplicaState } from '../parts/replicaState.tsx';
import { useTitle } from '../parts/title.ts';
import { When } from '../parts/when.tsx';

const EVERY_MS = 2_000;

export default function ReplicaPage({ id: given }: { id: string }) {
  const id = given.toLowerCase();
  const seen = useLive({ stream: ReplicasLive, query: Replicas, variables: {}, everyMs: EVERY_MS });
  const replica = seen.data?.replicas?.find((one) => one.id === id);
  const [round, setRound] = useState(0);
  const isThere = isUuid(id) && replica ? true : undefined;
  const counts = `${round} ${replica?.ownedChats} ${replica?.runtime?.runnerCount}`;
  const held = useAsk(ReplicaHeld, { id }, isThere && counts);
  const mayAudit = hasRole('chat-debug:audit') !== false;
  const past = useAsk(
    ReplicaActions,
    { filter: { replicaId: id } },
    isThere && mayAudit ? `${replica?.runtime?.isDraining}` : undefined,
  );
  useTitle(replica ? `${CONDITIONS[conditionOf(replica)]} · ${nameOf(replica)}` : `Replica ${id.slice(0, 8)}`);
  useCommands(
    [
      { name: 'Ask again what it holds', keys: 'e', run: () => setRound(round + 1) },
      { name: 'To the actions', keys: 'a', run: toOffers },
      { name: 'Copy the link', keys: 'y', run: () => void copy('The link', linkTo(`replicas/${id}`)) },
    ],
    [round, id],
  );
  if (!replica) {
    return (
      <>
        <h1>Replica {given}</h1>
        {seen.data?.replicas ? (
          <p>
            The database knows no replica with this id. Each start gives a new one, and the newest 1,000 are looked at.{' '}
            <a href={linkTo('replicas')}>All replicas</a>
          </p>
        ) : (
          <Problems problems={seen.problems} />
        )}
        {seen.data === undefined ? <p class="none">Asking…</p> : null}
      </>
    );
  }
  const { runtime } = replica;
  const reached = runtime?.reachability;
  const delay = runtime?.eventLoopDelayMs;
  return (
    <>
      <div class="top chat">
        <ReplicaState replica={replica} />
        <h1>{nameOf(replica)}</h1>
        <Id id={id} whole />
      </div>
      <dl class="facts">
        <Fact name="version">{shortName(replica.version)}</Fact>
        <Fact name="region">{replica.regionId}</Fact>
        <Fact name="started">
          <When at={replica.startedAt} />
        </Fact>
        <Fact name="row renewed">
          <When at={replica.updatedAt} />
        </Fact>
        {replica.stoppedAt ? (
          <Fact name="stopped">
            <When at={replica.stoppedAt} />
          </Fact>
        ) : null}
        <Fact name="address">
          <span class="mono">{reached?.address ?? '–'}</span>
        </Fact>
        <Fact name="answer">
          {reached?.status === 'OK' ? (
            `in ${Math.ceil(reached.elapsedMs)} ms`
          ) : (
            <span class="bad">
              {reached?.status ?? 'not asked'} {reached?.reason ?? ''}
            </span>
          )}
        </Fact>
      </dl>
      {replica.error ? (
        <p class="old">
          <b>It says of itself:</b> {replica.error}
        </p>
      ) : null}
      <div class="split even">
        <section aria-labelledby="room">
          <h2 id="room">Room and load</h2>
          <dl class="pairs">
            <Fact name="Owns">
              <a href={linkTo('', { list: 'all', replica: id })}>
                {replica.ownedChats === 1 ? '1 chat' : `${replica.ownedChats} chats`}
              </a>
              , by their rows
            </Fact>
            <Fact name="Runners">
              {runtime?.capacity ? (
                <Meter
                  label="Runners of its capacity"
                  value={runtime.runnerCount ?? 0}
                  max={runtime.capacity}
                  tone={runtime.isFull ? 'odd' : 'calm'}
                >
                  {runtime.runnerCount} of {runtime.capacity}
                  {runtime.isFull ? ', full' : ''}
                </Meter>
              ) : (
                <span class="none">not known</span>
              )}
            </Fact>
            <Fact name="Drain">
              {runtime?.isDraining === null || runtime?.isDraining === undefined ? (
                <span class="none">not known</span>
              ) : runtime.isDraining ? (
                <b>drains: it takes no chats, and hands over those that it has</b>
              ) : (
                'no: it takes chats'
              )}
            </Fact>
            <Fact name="Event loop">
              {delay === null || delay === undefined ? (
                <span class="none">not known</span>
              ) : (
                <span class={delay > LATE_MS ? 'bad' : ''}>
                  late by {Math.ceil(delay)} ms at most, in the last minute
                  {delay > LATE_MS ? '; leases are renewed late, too' : ''}
                </span>
              )}
            </Fact>
            <Fact name="Memory">{megabytes(runtime?.residentBytes)}</Fact>
            <Fact name="Buffers">{runtime?.bufferCount ?? '–'}</Fact>
          </dl>
        </section>
        <section aria-labelledby="loops">
          <h2 id="loops">Loops</h2>
          <dl class="pairs">
            <LoopHealth name="Looks for chats" loop={runtime?.acquisition ?? null} />
            <LoopHealth name="Renews leases" loop={runtime?.heartbeats ?? null} />
            <LoopHealth name="Reads rows" loop={runtime?.databaseSync ?? null} />
            {runtime?.acquisitionError ? (
              <Fact name="Cannot take">
                <span class="bad">{runtime.acquisitionError}</span>
              </Fact>
            ) : null}
          </dl>
        </section>
      </div>
      <ActReplica replica={replica} />
      <Held replicaId={id} asked={held} again={() => setRound(round + 1)} />
      {mayAudit ? (
        <section aria-labelledby="past">
          <h2 id="past">Actions on it</h2>
          {past.data?.actionRecords ? null : <Problems problems={past.problems} />}
          <RecordRows records={past.data?.actionRecords?.edges.map(({ node }) => node) ?? []} isAsked={past.atMs > 0} />
        </section>
      ) : null}
    </>
  );
}

const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
