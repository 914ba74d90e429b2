/** An action that was taken, followed until the findings that it answers are gone. */
import { useEffect, useState } from 'preact/hooks';
import { leftOf, ORDERS, OUTCOMES, type Present } from '../data/actionWords.ts';
import { ask } from '../data/ask.ts';
import { sleep } from '../data/clock.ts';
import { type ActRecord, type Resolution, SettledAction } from '../data/operations.ts';
import { linkTo } from '../data/route.ts';
import { When } from './when.tsx';

const RESOLUTIONS: Readonly<Record<Resolution, string>> = {
  PENDING: 'The operator looks whether the findings are gone…',
  YES: 'The findings are gone.',
  NO: 'The findings are still there.',
  UNKNOWN: 'It is not known whether it helped.',
};

const EVERY_MS = 2_000;
const LONGEST_MS = 120_000;

interface ActResultProps {
  readonly record: ActRecord;
  /** Undefined: the page does not know it. */
  readonly present?: Present | undefined;
  readonly onClose?: () => void;
}

export function ActResult({ record, present, onClose }: ActResultProps) {
  const { action, outcome, findings, why, idempotencyKey, at } = record;
  const [resolved, setResolved] = useState<Resolution>(record.resolved);
  useEffect(() => {
    setResolved(record.resolved);
    if (record.resolved !== 'PENDING' || outcome !== 'DONE') return;
    const aborting = new AbortController();
    void follow(idempotencyKey, aborting.signal, setResolved);
    return () => aborting.abort();
  }, [idempotencyKey]);
  const isJudged = outcome === 'DONE' && findings.length > 0;
  return (
    <div class="result" role="status" data-resolved={resolved}>
      <p>
        <b>{ORDERS[action]}:</b> {why ?? OUTCOMES[outcome]} <When at={at} />{' '}
        <a href={linkTo('actions', { key: idempotencyKey })}>record</a>
      </p>
      {isJudged ? (
        <p>
          {present ? leftOf(findings, present) : null} {why === null ? RESOLUTIONS[resolved] : null}
        </p>
      ) : null}
      {onClose ? (
        <button type="button" onClick={onClose}>
          Close
        </button>
      ) : null}
    </div>
  );
}

/** Asks for the record until its look afterwards is over. */
async function follow(
  idempotencyKey: string,
  aborting: AbortSignal,
  onChange: (resolved: Resolution) => void,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < LONGEST_MS && !aborting.aborted; waitedMs += EVERY_MS) {
    await sleep(EVERY_MS, aborting);
    const { data } = await ask(SettledAction, { idempotencyKey }, aborting);
    if (aborting.aborted) return;
    const resolved = data?.actionRecord?.resolved ?? 'PENDING';
    onChange(resolved);
    if (resolved !== 'PENDING') return;
  }
}
