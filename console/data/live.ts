/**
 * A live view: what the gateway says, as it changes, with its age.
 *
 * - One stream a view, held by one leader among the tabs that show the same. The others hear it from there.
 * - A stream that cannot be had is replaced by asking again and again, until one can.
 * - A hidden or paused page stops, and keeps what it has, marked as old.
 */
import { type Signal, signal } from '@preact/signals';
import { type Answer, ask, CUT_OFF, codeOf, type Problem } from './ask.ts';
import { after, chance, nowMs, setSkew, skewMs, sleep, sleeps } from './clock.ts';
import { whenLeader } from './leader.ts';
import type { Operation } from './operation.ts';
import { access, refused, share, subject, token } from './session.ts';
import { follow } from './stream.ts';

/** Where answers come from now. `stopped`: paused, hidden, or refused for good. */
export type Link = 'connecting' | 'live' | 'polling' | 'lost' | 'stopped';

export interface Seen<A> {
  readonly link: Link;
  /** Newest answer. Undefined: none yet. */
  readonly data?: A | null;
  readonly problems: readonly Problem[];
  /** Time at which `data` came, in milliseconds since 1970. */
  readonly atMs?: number;
  /** True: the newest answer held errors alone, and `data` is of one before it. */
  readonly isOld?: boolean;
  /** Sentence on what is wrong with the connection. */
  readonly trouble?: string;
  /** Time of the next try, in milliseconds since 1970. */
  readonly againMs?: number;
}

export interface View<A, V> {
  readonly stream: Operation<A, V>;
  /** The same as a query, for when no stream can be had. */
  readonly query: Operation<A, object>;
  /** Variables of both. */
  readonly variables: Omit<NoInfer<V>, 'everyMs'>;
  readonly everyMs: number;
}

/** True while the person wants nothing to move. */
export const paused = signal(false);

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const POLL_MS = 3_000;
/** Polls after which a stream is tried again. */
const POLLS = 10;
/** Milliseconds without a word from the leader, after which what is shown counts as old. */
const UNHEARD_MS = 30_000;

type Told<A> = { readonly kind: 'hello' } | { readonly kind: 'seen'; readonly seen: Seen<A>; readonly skewMs: number };

export interface Watch<A> {
  readonly seen: Signal<Seen<A>>;
  /** Tries again at once. */
  readonly again: () => void;
  readonly close: () => void;
}

/** Opens a live view. Whoever opens it closes it. */
export function watch<A, V>(view: View<A, V>): Watch<A> {
  const seen = signal<Seen<A>>({ link: 'connecting', problems: [] });
  let running: AbortController | undefined;
  let whose = '';
  let hurry = new AbortController();

  const start = () => {
    if (running || paused.value || document.hidden || access.value.kind !== 'open') return;
    running = new AbortController();
    whose = subject.value;
    const name = `chat-debug:${view.stream.name}:${whose}:${JSON.stringify(view.variables)}:${view.everyMs}`;
    const { signal: aborting } = running;
    const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(name) : undefined;
    let leads = false;
    let endUnheard = () => {};
    const expectWord = () => {
      endUnheard();
      endUnheard = after(UNHEARD_MS, () => {
        if (!leads && !aborting.aborted)
          seen.value = { ...seen.value, link: 'lost', trouble: 'The tab that holds the connection is silent.' };
      });
    };
    const hand = (now: Seen<A>) =>
      channel?.postMessage({ kind: 'seen', seen: now, skewMs: skewMs.peek() } satisfies Told<A>);
    channel?.addEventListener('message', ({ data }: MessageEvent<Told<A>>) => {
      if (aborting.aborted) return;
      if (data.kind === 'hello' && leads) hand(seen.value);
      if (data.kind === 'seen' && !leads) {
        setSkew(data.skewMs); // a tab that asks nothing itself does not know the gateway's time
        seen.value = data.seen;
        expectWord();
      }
    });
    const show = (next: Seen<A>) => {
      if (aborting.aborted) return;
      seen.value = next;
      hand(next);
    };
    channel?.postMessage({ kind: 'hello' } satisfies Told<A>);
    if (seen.value.link === 'stopped') seen.value = { ...seen.value, link: 'connecting' };
    void whenLeader(name, aborting, async (leading) => {
      leads = true;
      await lead(
        view,
        leading,
        () => seen.value,
        show,
        () => hurry.signal,
      );
      leads = false;
    });
    aborting.addEventListener('abort', () => {
      endUnheard();
      channel?.close();
    });
  };
  const stop = () => {
    running?.abort();
    running = undefined;
    if (seen.value.link !== 'stopped') seen.value = { ...without(seen.value), link: 'stopped' };
  };
  const look = () => (paused.value || document.hidden || access.value.kind !== 'open' ? stop() : start());
  const restart = () => {
    stop();
    look();
  };
  document.addEventListener('visibilitychange', look);
  const endPaused = paused.subscribe(look);
  const endAccess = access.subscribe(look);
  const endSubject = subject.subscribe((now) => {
    if (running && now !== whose) restart(); // a token came late, from another tab
  });
  const before = sleeps.peek();
  const endSleeps = sleeps.subscribe((now) => {
    if (running && now > before) restart(); // what was connected before may be dead, and nobody would tell
  });
  return {
    seen,
    again: () => {
      hurry.abort();
      hurry = new AbortController();
      if (seen.value.link === 'stopped') restart();
    },
    close: () => {
      document.removeEventListener('visibilitychange', look);
      endPaused();
      endAccess();
      endSubject();
      endSleeps();
      stop();
    },
  };
}

const without = <A>({ trouble: _trouble, againMs: _againMs, ...rest }: Seen<A>): Seen<A> => rest;

/** Shows an answer. One that holds errors alone leaves what is there, marked as old. */
function renewedBy<A>(before: Seen<A>, link: Link, { data, problems }: Answer<A>): Seen<A> {
  const isEmpty = data === null || Object.values(data as object).every((value) => value === null);
  const hasMore = before.data !== null && before.data !== undefined;
  if (isEmpty && problems.length > 0 && hasMore) return { ...without(before), link, problems, isOld: true };
  return { link, data, problems, atMs: nowMs() };
}

/** Codes of answers that did not come from the gateway, or not whole. */
const NOT_ASKED = ['UNREACHABLE', 'NO_ANSWER', CUT_OFF, 'UNAUTHENTICATED'];

/** Holds the stream, or asks again and again, until this tab leads no more. */
async function lead<A, V>(
  view: View<A, V>,
  aborting: AbortSignal,
  seen: () => Seen<A>,
  show: (seen: Seen<A>) => void,
  hurry: () => AbortSignal,
): Promise<void> {
  const { stream, variables, everyMs } = view;
  for (let failures = 0; !aborting.aborted; ) {
    const asked = token.value;
    const end = await follow(stream, { ...variables, everyMs } as V, aborting, ({ data, problems }) => {
      if (failures > 0 || seen().data === undefined) share();
      failures = 0;
      show(renewedBy(seen(), 'live', { data, problems }));
    });
    if (end.kind === 'stopped') return;
    if (end.kind === 'ended' && end.code === 'UNAUTHENTICATED') return refused(end.message, asked);
    if (end.kind === 'ended' && end.retryAfterMs === undefined) {
      return show({ ...seen(), link: 'stopped', trouble: end.message });
    }
    failures = end.opened ? 1 : failures + 1;
    const isFull = end.kind === 'ended' && !end.opened && end.code !== 'STOPPING';
    const isHeldBack = end.kind === 'lost' && end.isSilent && !end.opened;
    if (isFull || isHeldBack || failures > 2) {
      if (await poll(view, aborting, seen, show, isFull ? end.message : NO_STREAM)) continue;
    }
    const told = end.kind === 'ended' ? end.retryAfterMs : undefined;
    const waitMs = told ?? Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS) * (0.8 + 0.4 * chance());
    const trouble = end.message ?? 'The connection to the gateway is lost.';
    if (aborting.aborted) return;
    show({ ...seen(), link: 'lost', trouble, againMs: nowMs() + waitMs });
    await sleep(waitMs, aborting, hurry());
  }
}

const NO_STREAM = 'No stream comes through to this page.';

/** Asks again and again, in place of a stream. @returns false if the gateway cannot be asked either */
async function poll<A, V>(
  { query, variables, everyMs }: View<A, V>,
  aborting: AbortSignal,
  seen: () => Seen<A>,
  show: (seen: Seen<A>) => void,
  trouble: string,
): Promise<boolean> {
  for (let polls = 0; polls < POLLS && !aborting.aborted; polls += 1) {
    const answer: Answer<A> = await ask(query, variables, aborting);
    if (aborting.aborted) return true;
    if (answer.data === null && answer.problems.some((one) => NOT_ASKED.includes(codeOf(one)))) return false;
    show({ ...renewedBy(seen(), 'polling', answer), trouble });
    await sleep(Math.max(everyMs, POLL_MS), aborting);
  }
  return true;
}
