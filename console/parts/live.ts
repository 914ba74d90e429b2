/** Questions of a page: one live view, and others that are asked again when they should be. */
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Answer, ask } from '../data/ask.ts';
import { nowMs } from '../data/clock.ts';
import { type Seen, type View, type Watch, watch } from '../data/live.ts';
import type { Operation } from '../data/operation.ts';

/** The live view of the page that is shown. */
export const shown = signal<Watch<unknown> | undefined>(undefined);

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

/**
 * Asks when `when` changes, and keeps the last answer meanwhile.
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
    void ask(operation, variables, aborting.signal).then((answer) => {
      if (!aborting.signal.aborted) setAsked({ ...answer, atMs: nowMs() });
    });
    return () => aborting.abort();
  }, [key, when]);
  return asked;
}
