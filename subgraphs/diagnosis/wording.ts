/** How values read in a sentence. */

/** `4.2 s`, `45 s`, `12 min`, `3 h`. */
export function secondsText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return 'an unknown time';
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}

/** A clause as a sentence. */
export const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
