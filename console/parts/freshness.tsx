/** How fresh the page is: live, asked again and again, paused, or old, with its age and what to do. */
import { second } from '../data/clock.ts';
import { type Link, paused, type Seen } from '../data/live.ts';
import { clockOf, lengthOf } from '../data/time.ts';
import { shown } from './live.ts';

const WORDS: Readonly<Record<Link, string>> = {
  ...{
    connecting: 'connecting',
    live: 'live',
    polling: 'asked every 3 s',
    lost: 'connection lost',
    stopped: 'stopped',
  },
};

const ageOf = ({ atMs }: Seen<unknown>) =>
  atMs === undefined ? 'nothing yet' : `${lengthOf(Math.max(0, (second.value - atMs) / 1_000))} old`;

/** In the head of the page: one word, and the switch that stops all movement. */
export function Freshness() {
  const seen = shown.value?.seen.value;
  if (!seen) return null;
  const link = paused.value ? 'paused' : WORDS[seen.link];
  return (
    <span class="freshness">
      <span class="link" data-link={paused.value ? 'paused' : seen.link}>
        {link}
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
  if (!watch || !seen || seen.link === 'live' || seen.link === 'connecting') return null;
  const at = seen.atMs === undefined ? '' : ` of ${clockOf(seen.atMs)}`;
  if (paused.value) {
    return (
      <p class="old" data-kind="paused" role="status">
        <b>Paused.</b> This is the state{at}, {ageOf(seen)}.{' '}
        <button type="button" onClick={togglePaused}>
          Go on
        </button>
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
      <b>Old.</b> {seen.trouble ?? 'This page does not move now.'} What is shown is the state{at}, {ageOf(seen)}.
      {left === undefined ? null : ` Next try in ${left} s.`}{' '}
      <button type="button" onClick={watch.again}>
        Try now
      </button>
    </p>
  );
}
