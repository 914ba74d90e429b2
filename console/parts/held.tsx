/** Chats of a replica: those that its memory holds, those whose rows name it, and which other replicas hold them, too. */
import { nameOr, shortName } from '../data/legible.ts';
import { HeldElsewhere, type HeldElsewhereAnswer, type ReplicaHeldAnswer } from '../data/operations.ts';
import { linkTo } from '../data/route.ts';
import { State, Verdict } from './badge.tsx';
import { Id } from './id.tsx';
import { type Asked, useAsk } from './live.ts';
import { LeaseBar } from './memory.tsx';
import { Problems } from './problems.tsx';
import { Age } from './when.tsx';

/** Chats for which every replica is asked. */
const ASKED = 20;

interface HeldProps {
  readonly replicaId: string;
  readonly asked: Asked<ReplicaHeldAnswer>;
  readonly again: () => void;
}

export function Held({ replicaId, asked: { data, problems, atMs }, again }: HeldProps) {
  const runners = data?.replica?.runtime?.runners ?? [];
  const rows = data?.chats.edges.map(({ node }) => node) ?? [];
  const chatIds = [...new Set([...runners.map(({ chatId }) => chatId), ...rows.map(({ chatId }) => chatId)])];
  const others = useAsk(HeldElsewhere, { chatIds: chatIds.slice(0, ASKED) }, chatIds.length > 0 ? atMs : undefined);
  const elsewhere = new Map(
    (others.data?.chatDebugSnapshots ?? []).flatMap((chat) => (chat ? [[chat.chatId, chat] as const] : [])),
  );
  return (
    <section aria-labelledby="held">
      <h2 id="held">
        What it holds, and who else does{' '}
        <span class="count">
          {atMs ? (
            <>
              asked <Age seconds={0} atMs={atMs} />
            </>
          ) : (
            'asking…'
          )}
        </span>{' '}
        <button type="button" onClick={again}>
          Ask again <kbd>e</kbd>
        </button>
      </h2>
      {data?.replica?.runtime?.runners === null ? null : <Problems problems={problems} />}
      {data && data.replica?.runtime?.runners === null ? (
        <p class="bad">
          {data.replica.runtime.reachability.status}:{' '}
          {data.replica.runtime.reachability.reason ?? 'It could not be asked.'} What it holds in memory is not known;
          below is what the rows say.
        </p>
      ) : null}
      {data && chatIds.length === 0 ? (
        <p class="none">
          {data.replica?.runtime?.runners ? 'It holds no chat, and no row names it.' : 'No row names it.'}
        </p>
      ) : null}
      {chatIds.length > 0 ? (
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Chat</th>
              <th scope="col">Verdict</th>
              <th scope="col">Row names</th>
              <th scope="col">Runner in its memory</th>
              <th scope="col">Lease</th>
              <th scope="col">Elsewhere</th>
            </tr>
          </thead>
          <tbody>
            {chatIds.map((chatId) => {
              const row = rows.find((one) => one.chatId === chatId);
              const seen = elsewhere.get(chatId);
              const title = row?.database.title ?? seen?.database.title;
              const owner = row?.database.workerId ?? seen?.database.workerId;
              const state = row?.executionState ?? seen?.executionState;
              return (
                <tr key={chatId}>
                  <th scope="row" class="wide">
                    <a href={linkTo(`chats/${chatId}`)}>{shortName(nameOr(title, 'without a title'))}</a>{' '}
                    <Id id={chatId} bare />
                  </th>
                  <td data-label="verdict">
                    {row ? <Verdict verdict={row.diagnosis.verdict} /> : null} {state ? <State state={state} /> : null}
                  </td>
                  <td data-label="row names">
                    {owner === replicaId ? (
                      'this one'
                    ) : seen || row ? (
                      <span class="bad">{owner ? <Id id={owner} of="replica" bare /> : 'nobody'}, not this one</span>
                    ) : (
                      <span class="none">not known</span>
                    )}
                  </td>
                  <td data-label="runner">
                    {runners
                      .filter((one) => one.chatId === chatId)
                      .map((one) => (
                        <span key={one.runnerId} class="line">
                          <Id id={one.runnerId} bare /> {one.phase} {one.activeTaskKind ?? 'no task'},{' '}
                          <Age seconds={one.uptimeSeconds} atMs={atMs} bare />
                        </span>
                      ))}
                    {runners.some((one) => one.chatId === chatId) ? null : <span class="none">none</span>}
                  </td>
                  <td data-label="lease">
                    {runners
                      .filter((one) => one.chatId === chatId)
                      .map(({ runnerId, lease }) => (
                        <LeaseBar
                          key={runnerId}
                          label="What is left of the lease, in seconds"
                          ageSeconds={lease?.ageSeconds ?? null}
                          staleAfterSeconds={lease?.staleAfterSeconds ?? null}
                          atMs={atMs}
                        />
                      ))}
                  </td>
                  <td data-label="elsewhere">
                    <Elsewhere seen={seen} replicaId={replicaId} isAsked={others.atMs > 0} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      ) : null}
      {chatIds.length > ASKED ? (
        <p class="count">
          Every replica was asked about the first {ASKED} of {chatIds.length} chats.
        </p>
      ) : null}
      {data?.chats.pageInfo.hasNextPage ? (
        <p class="count">
          These are the first 100 rows.{' '}
          <a href={linkTo('', { list: 'all', replica: replicaId })}>All chats that it owns</a>
        </p>
      ) : null}
      {(data?.replica?.runtime?.refusedChats ?? []).length > 0 ? (
        <>
          <h3>Chats that the database refuses it</h3>
          <ul>
            {data?.replica?.runtime?.refusedChats?.map(({ chatId, reason }) => (
              <li key={chatId}>
                <Id id={chatId} of="chat" /> {reason}
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </section>
  );
}

type SeenElsewhere = HeldElsewhereAnswer['chatDebugSnapshots'][number];

function Elsewhere({
  seen,
  replicaId,
  isAsked,
}: {
  seen: SeenElsewhere | undefined;
  replicaId: string;
  isAsked: boolean;
}) {
  if (!seen?.everywhere) return <span class="none">{isAsked ? 'not asked' : 'asking…'}</span>;
  const holders = seen.everywhere.filter(
    ({ workerId, runners }) => workerId !== replicaId && runners?.some(({ phase }) => phase !== 'STOPPING'),
  );
  const silent = seen.everywhere.filter(({ runners }) => runners === null).length;
  return (
    <>
      {holders.length === 0 ? <span class="none">nobody</span> : null}
      {holders.map(({ workerId }) => (
        <span key={workerId} class="bad line">
          <Id id={workerId} of="replica" bare /> holds a runner, too
        </span>
      ))}
      {silent > 0 ? <span class="count line">{silent} did not answer</span> : null}
    </>
  );
}
