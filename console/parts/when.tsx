/** Moments and ages. Each shows the other form in its title; `t` changes which one is read. */
import { second } from '../data/clock.ts';
import { agoOf, clockOf, lengthOf, momentOf } from '../data/time.ts';
import { wishes } from '../data/wishes.ts';

/** A moment, given as text in RFC 3339. */
export function When({ at }: { at: string | null | undefined }) {
  if (!at) return <span class="none">–</span>;
  const ms = Date.parse(at);
  const ago = agoOf((second.value - ms) / 1_000);
  const moment = momentOf(ms);
  return (
    <time dateTime={at} title={wishes.value.absolute ? ago : moment}>
      {wishes.value.absolute ? moment.slice(0, 19) : ago}
    </time>
  );
}

/**
 * Age that the gateway measured, which goes on while it is shown.
 * @param atMs time at which the answer came
 */
export function Age({
  seconds,
  atMs,
  bare = false,
}: {
  seconds: number | null | undefined;
  atMs: number;
  bare?: boolean;
}) {
  if (seconds === null || seconds === undefined) return <span class="none">–</span>;
  const now = seconds + Math.max(0, (second.value - atMs) / 1_000);
  const moment = second.value - now * 1_000;
  const shown = bare ? lengthOf(now) : agoOf(now);
  return (
    <time dateTime={new Date(moment).toISOString()} title={wishes.value.absolute ? shown : momentOf(moment)}>
      {wishes.value.absolute && !bare ? clockOf(moment) : shown}
    </time>
  );
}
