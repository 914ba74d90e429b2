/** Actions whose answers were lost. Each is settled by its record as soon as the page is open. */
import { useEffect, useState } from 'preact/hooks';
import { act, type Settled, settle, type Unsettled, unsettledOf } from '../data/acting.ts';
import { ORDERS, type Present } from '../data/actionWords.ts';
import type { ActRecord } from '../data/operations.ts';
import { ActResult } from './actResult.tsx';
import { Id } from './id.tsx';

/** @param targetId undefined: those on all targets */
export function ActUnsettled({ targetId, present }: { targetId?: string; present?: Present | undefined }) {
  const [known, setKnown] = useState<readonly Unsettled[]>(() => unsettledOf(targetId));
  const now = unsettledOf(targetId);
  useEffect(() => setKnown(unsettledOf(targetId)), [targetId]);
  if (known.length === 0) return null;
  return (
    <>
      {known.map((one) => (
        <One
          key={one.idempotencyKey}
          request={one}
          isOpen={now.some(({ idempotencyKey }) => idempotencyKey === one.idempotencyKey)}
          present={present}
        />
      ))}
    </>
  );
}

interface OneProps {
  readonly request: Unsettled;
  readonly isOpen: boolean;
  readonly present?: Present | undefined;
}

function One({ request, isOpen, present }: OneProps) {
  const [settled, setSettled] = useState<Settled>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const aborting = new AbortController();
    setSettled(undefined);
    void settle(request, aborting.signal).then((found) => {
      if (!aborting.signal.aborted) setSettled(found);
    });
    return () => aborting.abort();
  }, [round]);
  const again = async () => {
    const came = await act(request);
    if (came.kind === 'answered') setSettled({ kind: 'done', record: came.record satisfies ActRecord });
    else if (came.kind === 'uncertain') setRound(round + 1);
    else setSettled({ kind: 'open', problem: came.problem });
  };
  if (settled?.kind === 'done') return <ActResult record={settled.record} present={present} />;
  const order = ORDERS[request.action];
  return (
    <div class="old" role="status">
      <b>{order}</b> <Id id={request.targetId} bare />: the answer was lost.{' '}
      {settled === undefined ? 'Its record is looked for…' : null}
      {settled?.kind === 'nothing' ? 'It was not done, and nothing is under way.' : null}
      {settled?.kind === 'open' ? (
        <>
          {settled.problem.message}{' '}
          <button type="button" onClick={() => setRound(round + 1)}>
            Look for its record again
          </button>
        </>
      ) : null}{' '}
      {isOpen ? (
        <button type="button" onClick={() => void again()}>
          Send it again: it acts only once
        </button>
      ) : null}
    </div>
  );
}
