/** A bar that fills or runs out. The number stands beside it, so that nobody has to guess from its length. */
import type { ComponentChildren } from 'preact';

interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** How the bar looks: `bad` is hatched as well as colored. */
  readonly tone?: 'calm' | 'odd' | 'bad';
  readonly children: ComponentChildren;
}

export function Meter({ label, value, max, tone = 'calm', children }: MeterProps) {
  const share = max > 0 ? Math.min(Math.max(value / max, 0), 1) : 0;
  return (
    <span class="meter">
      {/* biome-ignore lint/a11y/useSemanticElements: browsers draw their own meter, each in another way */}
      <span
        class="bar"
        data-tone={tone}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.round(max)}
        aria-valuenow={Math.round(share * max)}
      >
        <i style={{ width: `${share * 100}%` }} />
      </span>
      <span>{children}</span>
    </span>
  );
}
