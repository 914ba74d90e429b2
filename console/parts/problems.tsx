/** Errors of an answer: what is not shown, why, and who may see it. */
import { codeOf, type Problem } from '../data/ask.ts';

const HINTS: Readonly<Record<string, string>> = {
  FORBIDDEN: 'Whoever has the role may look; ask for it, or ask them.',
  RATE_LIMITED: 'The page goes on by itself when the minute is over.',
  DATABASE_UNAVAILABLE: 'What is shown of the rows is old until the database answers again.',
  QUERY_TOO_COMPLEX: 'Set MAX_COST of the gateway higher, or look at less.',
};

const GROUPED = 3;

export function Problems({ problems }: { problems: readonly Problem[] }) {
  if (problems.length === 0) return null;
  const byWords = new Map<string, Problem[]>();
  for (const problem of problems) {
    const key = `${codeOf(problem)} ${problem.message}`;
    byWords.set(key, [...(byWords.get(key) ?? []), problem]);
  }
  const groups = [...byWords.values()];
  return (
    <ul class="problems" aria-label="What could not be answered">
      {groups.slice(0, GROUPED).map(([first, ...more]) =>
        first ? (
          <li key={`${codeOf(first)} ${first.message}`}>
            <b>{codeOf(first)}</b> {first.message} {HINTS[codeOf(first)] ?? ''}
            {first.path ? <code>{placeOf(first)}</code> : null}
            {more.length > 0 ? ` and ${more.length} more places` : ''}
          </li>
        ) : null,
      )}
      {groups.length > GROUPED ? <li>{groups.length - GROUPED} other errors</li> : null}
    </ul>
  );
}

const placeOf = ({ path }: Problem) => (path ?? []).filter((part) => part !== 'chatDebugSnapshot').join('.');
