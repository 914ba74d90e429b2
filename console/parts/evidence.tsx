/** Evidence of a finding: each value leads to its place on the page. */
import { cut } from '../../domain/cut.ts';
import { pathsTo } from '../data/fields.ts';
import type { Judgement } from '../data/operations.ts';

type Evidence = Judgement['findings'][number]['evidence'][number];

export const EvidenceList = ({ evidence }: { evidence: readonly Evidence[] }) => (
  <ul class="evidence" aria-label="Evidence">
    {evidence.map(({ source, field, value }) => (
      <li key={field}>
        <span class="count">{source === 'DATABASE' ? 'row' : 'memory'}</span>
        <a href={`#${field}`} onClick={(event) => lead(event, field)}>
          {field}
        </a>
        <code>{cut(value, LONGEST)}</code>
      </li>
    ))}
  </ul>
);

const LONGEST = 200;

/** Leads to the value, or to what it is a part of, and opens what hides it. */
function lead(event: MouseEvent, field: string): void {
  const found = pathsTo(field)
    .map((path) => document.getElementById(path))
    .find((element) => element !== null);
  if (!found) return;
  event.preventDefault();
  for (let parent = found.parentElement; parent; parent = parent.parentElement) {
    if (parent instanceof HTMLDetailsElement) parent.open = true;
  }
  location.hash = found.id;
  found.focus();
}
