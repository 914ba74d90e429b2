/** Verdicts, severities and states: a word and a shape, and color only for trouble. */
import type { ExecutionState, Severity as SeverityName, Verdict as VerdictName } from '../data/operations.ts';

/** Shapes in a square of 16, so that none needs its color to be told apart. */
const SHAPES: Readonly<Record<VerdictName, string>> = {
  STUCK: 'M5 1h6l4 4v6l-4 4H5l-4-4V5zM7 4v5h2V4zM7 10.5v2h2v-2z',
  FAILED: 'M8 1l7.5 14H.5zM7.2 6v4.5h1.6V6zM7.2 11.5v1.8h1.6v-1.8z',
  // A square: a rhombus with a question mark is what browsers draw for a broken character.
  UNKNOWN:
    'M1.500 1.500h13v13h-13zM7.2 11v1.8h1.8v-1.800zM5 6.200h1.800c0-1.900 2.400-1.600 2.400 0 0 1.100-2.100 1.500-2.100 3.700h1.800c0-1.700 2.100-1.900 2.100-3.800C11 2.200 5 2.200 5 6.200z',
  WAITING: 'M3 1h3v14H3zM10 1h3v14h-3z',
  WORKING: 'M3 1l11 7-11 7z',
  IDLE: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8z',
};

const TONES: Readonly<Record<VerdictName, string>> = {
  ...{ STUCK: 'bad', FAILED: 'bad', UNKNOWN: 'odd' },
  ...{ WAITING: 'calm', WORKING: 'calm', IDLE: 'calm' },
};

const Shape = ({ path }: { path: string }) => (
  <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
    <path fill-rule="evenodd" d={path} />
  </svg>
);

export const Verdict = ({ verdict }: { verdict: VerdictName }) => (
  <span class="verdict" data-tone={TONES[verdict] ?? 'odd'}>
    <Shape path={SHAPES[verdict] ?? SHAPES.UNKNOWN} />
    {verdict}
  </span>
);

const MARKS: Readonly<Record<SeverityName, VerdictName>> = { CRITICAL: 'STUCK', WARNING: 'FAILED', INFO: 'IDLE' };
const LEVELS: Readonly<Record<SeverityName, string>> = { CRITICAL: 'bad', WARNING: 'odd', INFO: 'calm' };

export const Severity = ({ severity }: { severity: SeverityName }) => (
  <span class="verdict" data-tone={LEVELS[severity] ?? 'odd'}>
    <Shape path={SHAPES[MARKS[severity] ?? 'UNKNOWN']} />
    {severity}
  </span>
);

/** Meaning of a state for a person. */
export const MEANINGS: Readonly<Record<ExecutionState, string>> = {
  W: 'at rest, the person’s move',
  E0: 'failed',
  E1: 'failed, messages wait behind it',
  R0: 'running',
  R1: 'running, messages wait',
  I0: 'being interrupted',
  I1: 'being interrupted, messages wait',
  A0: 'waits for a tool outside',
  A1: 'waits for a tool outside, messages wait',
  XW: 'archived, at rest',
  XE0: 'archived, failed',
  XE1: 'archived, failed, messages wait',
  INVALID: 'no state that a chat may have',
};

export const State = ({ state }: { state: ExecutionState }) => (
  <span class="state" title={MEANINGS[state]}>
    {state}
  </span>
);
