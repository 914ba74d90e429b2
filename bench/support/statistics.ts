/** Statistics of many measurements. */

/** The smallest value that at least this share (0 to 1) of them do not exceed; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** The one in the middle; of two, the lower. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);
