/** Questions of a page: one live view, and others that are asked again when they should be. */
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Answer, ask, askedAgain, codeOf } from '../data/ask.ts';
import { after, chance, nowMs } from '../data/clock.ts';
import { paused, type Seen, type View, type Watch, watch } from '../data/live.ts';
import type { Operation } from '../data/operation.ts';

/** The live view of the page that is shown. */
export const shown = signal<Watch<unknown> | undefined>(undefined);

/** True while the live view shows how things are now: it is neither cut off, nor paused, nor answered by errors alone. */
export function isNow(): boolean {
  const { link, isOld = false } = shown.value?.seen.value ?? {};
  return (link === 'live' || link === 'polling') && !isOld;
}

/** Follows a live view while the component is there. A page has one. */
export function useLive<A, V>(view: View<A, V>): Seen<A> {
  const key = JSON.stringify([view.stream.name, view.variables, view.everyMs]);
  const held = useMemo(() => watch(view), [key]);
  useEffect(() => {
    shown.value = held;
    return () => {
      held.close();
      if (shown.value === held) shown.value = undefined;
    };
  }, [held]);
  return held.seen.value;
}

export interface Asked<A> extends Answer<A> {
  /** Time of the answer, in milliseconds since 1970; 0: none yet. */
  readonly atMs: number;
}

/** Milliseconds after which a question is asked again that nobody could answer; each time twice as many. */
const AGAIN_MS = 5_000;
const LONGEST_AGAIN_MS = 60_000;
const AWAY = /UNREACHABLE|UNAVAILABLE|TIMED_OUT|NO_ANSWER|CUT_OFF|RATE_LIMITED/;

/** True if nothing was answered since something is away. */
const mayComeBack = ({ data, problems }: Answer<unknown>): boolean =>
  Object.values(data ?? {}).every((value) => value === null) && problems.some((one) => AWAY.test(codeOf(one)));

/**
 * Asks when `when` changes, and keeps the last answer meanwhile. What is away is asked again and again.
 * @param when undefined: not yet
 */
export function useAsk<A, V>(operation: Operation<A, V>, variables: V, when: unknown): Asked<A> {
  const [asked, setAsked] = useState<Asked<A>>({ data: null, problems: [], atMs: 0 });
  const key = JSON.stringify([operation.name, variables]);
  const last = useRef(key);
  useEffect(() => {
    if (when === undefined) return;
    const aborting = new AbortController();
    if (last.current !== key) setAsked({ data: null, problems: [], atMs: 0 });
    last.current = key;
    let [failures, endWait] = [0, () => {}];
    const look = async () => {
      const answer = await ask(operation, variables, aborting.signal);
      if (aborting.signal.aborted) return;
      const comesBack = mayComeBack(answer);
      setAsked({ ...(comesBack ? askedAgain(answer) : answer), atMs: nowMs() });
      if (!comesBack) return;
      endWait = after(Math.min(AGAIN_MS * 2 ** failures, LONGEST_AGAIN_MS) * (0.8 + 0.4 * chance()), again);
      failures += 1;
    };
    const again = () => {
      if (document.hidden || paused.value) endWait = after(AGAIN_MS, again);
      else void look();
    };
    void look();
    return () => {
      endWait();
      aborting.abort();
    };
  }, [key, when]);
  return asked;
}
