/** Moments and ages. Each shows the other form in its title; `t` changes which one is read. */
import { agoOf, clockOf, lengthOf, momentOf } from '../data/time.ts';
import { wishes } from '../data/wishes.ts';
import { useMomentMs } from './moment.ts';

/** A moment, given as text in RFC 3339. */
export function When({ at }: { at: string | null | undefined }) {
  const nowMs = useMomentMs();
  if (!at) return <span class="none">–</span>;
  const ms = Date.parse(at);
  const ago = agoOf((nowMs - ms) / 1_000);
  const moment = momentOf(ms);
  return (
    <time dateTime={at} title={wishes.value.absolute ? ago : moment}>
      {wishes.value.absolute ? moment.slice(0, 19) : ago}
    </time>
  );
}

interface AgeProps {
  readonly seconds: number | null | undefined;
  /** Time at which the answer came, in milliseconds since 1970. */
  readonly atMs: number;
  /** True: the length alone, without `ago`. */
  readonly bare?: boolean;
}

/** Age that the gateway measured, which goes on while it is shown. */
export function Age({ seconds, atMs, bare = false }: AgeProps) {
  const nowMs = useMomentMs();
  if (seconds === null || seconds === undefined) return <span class="none">–</span>;
  const age = seconds + Math.max(0, (nowMs - atMs) / 1_000);
  const moment = nowMs - age * 1_000;
  const words = bare ? lengthOf(age) : agoOf(age);
  return (
    <time dateTime={new Date(moment).toISOString()} title={wishes.value.absolute ? words : momentOf(moment)}>
      {wishes.value.absolute && !bare ? clockOf(moment) : words}
    </time>
  );
}
