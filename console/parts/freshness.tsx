/** How fresh the page is: live, asked again and again, paused, or old, with its age and what to do. */
import { useEffect, useState } from 'preact/hooks';
import { after, second, skewMs } from '../data/clock.ts';
import { type Link, paused, type Seen } from '../data/live.ts';
import { clockOf, lengthOf } from '../data/time.ts';
import { shown } from './live.ts';

const WORDS: Readonly<Record<Link | 'paused', string>> = {
  ...{
    connecting: 'connecting',
    live: 'live',
    polling: 'asked every 3 s',
    lost: 'connection lost',
    stopped: 'stopped',
    paused: 'paused',
  },
};

/** Milliseconds for which what is shown counts as new while the page connects again. */
const YOUNG_MS = 3_000;
/** Milliseconds of connecting before the rows move down for a word on it. */
const CONNECTING_MS = 1_000;

/** From when what is shown is. */
const shownOf = ({ atMs }: Seen<unknown>): string =>
  atMs === undefined
    ? 'Nothing is shown yet.'
    : `What is shown is the state of ${clockOf(atMs)}, ${lengthOf(Math.max(0, (second.value - atMs) / 1_000))} old.`;

/** In the head of the page: one word, and the switch that stops all movement. */
export function Freshness() {
  const seen = shown.value?.seen.value;
  if (!seen) return null;
  const link = paused.value ? 'paused' : seen.isOld && seen.link !== 'stopped' ? 'lost' : seen.link;
  return (
    <span class="freshness">
      <span class="link" data-link={link}>
        {seen.isOld && link === 'lost' ? 'old' : WORDS[link]}
      </span>
      <button type="button" aria-pressed={paused.value} title="Key p" onClick={togglePaused}>
        {paused.value ? 'Go on' : 'Pause'}
      </button>
    </span>
  );
}

export const togglePaused = (): void => {
  paused.value = !paused.value;
};

/** Above the content, when what is shown is old: its age, why, and when the next try is. */
export function OldMark() {
  const watch = shown.value;
  const seen = watch?.seen.value;
  const [waited, setWaited] = useState(false);
  const connects = seen?.link === 'connecting';
  useEffect(() => {
    setWaited(false);
    return connects ? after(CONNECTING_MS, () => setWaited(true)) : undefined;
  }, [connects]);
  if (!watch || !seen || (seen.link === 'live' && !seen.isOld)) return null;
  const isYoung = seen.atMs === undefined || second.value - seen.atMs < YOUNG_MS;
  if (connects && (isYoung || !waited)) return null;
  if (paused.value) {
    return (
      <p class="old" data-kind="paused" role="status">
        <b>Paused.</b> {shownOf(seen)}{' '}
        <button type="button" onClick={togglePaused}>
          Go on
        </button>
      </p>
    );
  }
  if (seen.isOld && seen.link !== 'lost' && seen.link !== 'stopped') {
    return (
      <p class="old" data-kind="lost" role="status">
        <b>Old.</b> The gateway cannot answer now: {seen.problems[0]?.message} {shownOf(seen)} The page goes on by
        itself.
      </p>
    );
  }
  if (seen.link === 'polling') {
    return (
      <p class="old" data-kind="polling" role="status">
        <b>Not live.</b> {seen.trouble} The gateway is asked every 3 s in place of that.
      </p>
    );
  }
  const left = seen.againMs === undefined ? undefined : Math.max(0, Math.ceil((seen.againMs - second.value) / 1_000));
  return (
    <p class="old" data-kind="lost" role="status">
      <b>Old.</b>{' '}
      {seen.trouble ?? (seen.link === 'connecting' ? 'The page connects again.' : 'This page does not move now.')}{' '}
      {shownOf(seen)}
      {left === undefined ? null : left === 0 ? ' Trying now.' : ` Next try in ${left} s.`}{' '}
      <button type="button" onClick={watch.again}>
        Try now
      </button>
    </p>
  );
}

/** Milliseconds from which a clock that is off is worth a word. */
const WORTH_MS = 60_000;

/** Above the content, when this computer's clock is off. */
export function SkewMark() {
  const ms = skewMs.value;
  if (Math.abs(ms) < WORTH_MS) return null;
  return (
    <p class="old" role="status">
      The clock of this computer is {lengthOf(ms / 1_000)} {ms > 0 ? 'behind' : 'ahead of'} the gateway’s. Ages and
      times here go by the gateway’s.
    </p>
  );
}
