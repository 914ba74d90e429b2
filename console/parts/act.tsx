/**
 * The dialog in which an action is taken: the reason, a try that is taken back, what it changes, and the step itself.
 * What stands in it is frozen as it was when it was opened: an action on what has moved since then is a conflict.
 * Any page may use it; `ActOffers` and `ActReplica` are its users for chats and for replicas.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type ActionRequest, act, type Came, type Expected, preview } from '../data/acting.ts';
import { confirmationOf, ORDERS, OUTCOMES, RISKS, troubleOfReason } from '../data/actionWords.ts';
import { codeOf } from '../data/ask.ts';
import type { ActionName, ActionRisk, ActRecord, ExecutionState } from '../data/operations.ts';
import { randomId } from '../data/uuid.ts';
import { ActDiff } from './actDiff.tsx';
import { State } from './badge.tsx';

/** An action that a person has chosen, with what they have looked at. */
export interface Intent {
  readonly action: ActionName;
  readonly targetId: string;
  /** Name of the target for a person. */
  readonly name: string;
  readonly expect: Expected;
  readonly from?: ExecutionState;
  readonly to?: ExecutionState | null;
  readonly changes: string;
  readonly risk: ActionRisk;
  /** Findings of the target that the action answers. */
  readonly findings: readonly string[];
  readonly queueDepth: number;
  /** True: the beginning of the id must be typed. */
  readonly isTyped: boolean;
}

interface ActProps {
  readonly intent: Intent;
  /** True: the target has moved since the dialog was opened. */
  readonly hasMoved: boolean;
  readonly onDone: (record: ActRecord) => void;
  readonly onClose: () => void;
}

type Step = 'writing' | 'trying' | 'tried' | 'acting';

export function Act({ intent, hasMoved, onDone, onClose }: ActProps) {
  const { action, targetId, name, expect, findings, queueDepth, isTyped } = intent;
  const dialog = useRef<HTMLDialogElement>(null);
  const next = useRef<HTMLButtonElement & HTMLInputElement>(null);
  const [step, setStep] = useState<Step>('writing');
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [shows, setShows] = useState(false);
  const [came, setCame] = useState<Came>();
  const [key, setKey] = useState(randomId);
  // Before the browser paints: a key that is pressed at the sight of a step must find the focus there.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useLayoutEffect(() => {
    if (step === 'tried') next.current?.focus();
  }, [step]);

  const order = ORDERS[action];
  const trouble = troubleOfReason(reason);
  const isPossible = step === 'tried' && came?.kind === 'answered' && came.outcome === 'DONE';
  const isUncertain = came?.kind === 'uncertain';
  const isConfirmed = !isTyped || typed.trim().toLowerCase() === confirmationOf(targetId);
  const isBusy = step === 'trying' || step === 'acting';
  const request = (idempotencyKey: string): ActionRequest => ({
    ...{ action, targetId, expect, findings, reason: reason.trim(), idempotencyKey },
  });
  const attempt = async () => {
    if (trouble !== undefined) return setShows(true);
    setStep('trying');
    setCame(await preview(request(randomId())));
    setStep('tried');
  };
  const confirm = async () => {
    if (!isConfirmed) return setShows(true);
    setStep('acting');
    const answer = await act(request(key));
    if (answer.kind === 'answered' && (answer.outcome === 'DONE' || answer.outcome === 'NO_CHANGE')) {
      dialog.current?.close();
      return onDone(answer.record);
    }
    if (answer.kind !== 'uncertain') setKey(randomId());
    setCame(answer);
    setStep('tried');
  };
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    if (isBusy) return;
    void (isPossible || isUncertain ? confirm() : attempt());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && event.repeat) event.preventDefault(); // an Enter that is held down would take the action unseen
  };
  return (
    <dialog ref={dialog} class="act" aria-labelledby="act-title" onClose={onClose}>
      <form onSubmit={onSubmit} onKeyDown={onKeyDown}>
        <h2 id="act-title">{order}</h2>
        <p class="target">
          {name} <code>{targetId}</code>
        </p>
        {intent.from ? (
          <p>
            <State state={intent.from} /> → {intent.to ? <State state={intent.to} /> : '?'}
          </p>
        ) : null}
        <p>{intent.changes}</p>
        <p class="count">
          Risk {intent.risk}: {RISKS[intent.risk]}.
          {findings.length > 0 ? ` It answers ${findings.join(', ')}.` : ' It answers no finding of now.'}
        </p>
        {hasMoved ? (
          <p class="old" role="status">
            It has moved since this was opened. What is done now ends as a conflict: close this, and look again.
          </p>
        ) : null}
        <label for="act-reason">Reason, for the record</label>
        <input
          id="act-reason"
          type="text"
          autocomplete="off"
          maxLength={2_000}
          value={reason}
          disabled={isUncertain}
          readOnly={isBusy}
          aria-describedby="act-reason-help"
          aria-invalid={shows && trouble !== undefined}
          onInput={({ currentTarget }) => {
            setReason(currentTarget.value);
            setCame(undefined);
            setStep('writing');
          }}
        />
        <p id="act-reason-help" class={shows && trouble ? 'bad' : 'count'}>
          {trouble ?? 'Whoever reads the record sees it.'}
        </p>
        <div aria-live="polite">
          {came ? <Told came={came} queueDepth={queueDepth} isTry={!isUncertain && step !== 'acting'} /> : null}
        </div>
        {isPossible && isTyped ? (
          <>
            <label for="act-typed">
              Type <code>{confirmationOf(targetId)}</code>, the beginning of the id, to confirm
            </label>
            <input
              id="act-typed"
              ref={next}
              type="text"
              autocomplete="off"
              spellcheck={false}
              value={typed}
              aria-invalid={shows && !isConfirmed}
              onInput={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          </>
        ) : null}
        <p class="buttons">
          {isPossible || isUncertain ? (
            <button
              type="submit"
              class="primary"
              {...(!(isTyped && isPossible) && { ref: next })}
              aria-disabled={isBusy}
              disabled={isPossible && !isConfirmed}
            >
              {isUncertain ? 'Send it again: it acts only once' : order}
            </button>
          ) : (
            <button type="submit" class="primary" aria-disabled={isBusy}>
              {step === 'trying' ? 'Trying…' : step === 'acting' ? 'Sent, waiting for the answer…' : 'Preview'}
            </button>
          )}
          <button type="button" onClick={() => dialog.current?.close()}>
            {isUncertain ? 'Close: it is kept, to be settled' : 'Cancel'}
          </button>
        </p>
      </form>
    </dialog>
  );
}

/** Moves the focus to the first action that can be taken, which answers a finding if one does; else to why there is none. */
export function toOffers(): void {
  const offers = document.querySelector<HTMLElement>('#offers');
  (offers?.querySelector<HTMLElement>('.offers button') ?? offers)?.focus();
}

/** What came of a try, or of the step itself when it was not done. */
function Told({ came, queueDepth, isTry }: { came: Came; queueDepth: number; isTry: boolean }) {
  if (came.kind === 'uncertain') {
    return (
      <p class="old" data-kind="lost">
        <b>It is not known whether this was done.</b> {came.problem.message} Send it again, or close this: the page
        finds out by its record.
      </p>
    );
  }
  if (came.kind === 'refused') {
    return (
      <p class="old">
        <b>{codeOf(came.problem)}</b> {came.problem.message} Nothing was done.
      </p>
    );
  }
  const { outcome, record } = came;
  if (outcome !== 'DONE') {
    return (
      <p class="old">
        <b>{outcome}</b> {record.why ?? OUTCOMES[outcome]}
        {outcome === 'CONFLICT' ? ' Close this, and look again.' : ''}
      </p>
    );
  }
  return isTry ? <ActDiff record={record} queueDepth={queueDepth} /> : null;
}
