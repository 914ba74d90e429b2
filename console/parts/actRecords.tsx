/** Records of actions as rows: who did what to what, why, and what came of it. */
import { ORDERS } from '../data/actionWords.ts';
import type { ActRecord } from '../data/operations.ts';
import { setState } from '../data/route.ts';
import { Id, shortId } from './id.tsx';
import { When } from './when.tsx';

interface RecordRowsProps {
  readonly records: readonly ActRecord[];
  readonly isAsked: boolean;
  /** True: an actor is a button that shows only theirs. */
  readonly filters?: boolean;
}

export function RecordRows({ records, isAsked, filters = false }: RecordRowsProps) {
  if (records.length === 0) return <p class="none">{isAsked ? 'No action is recorded.' : 'Asking…'}</p>;
  return (
    <table class="table records">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col">On</th>
          <th scope="col">Who, how</th>
          <th scope="col">Why</th>
          <th scope="col">What came of it</th>
        </tr>
      </thead>
      <tbody>
        {records.map((record) => (
          <Row key={record.id} record={record} filters={filters} />
        ))}
      </tbody>
    </table>
  );
}

const TONES = { DONE: 'calm', NO_CHANGE: 'calm', CONFLICT: 'odd', REFUSED: 'odd' } as const;

function Row({ record, filters }: { record: ActRecord; filters: boolean }) {
  const { at, action, chatId, replicaId, actor, via, reason, findings, outcome, why, dryRun, before, after } = record;
  return (
    <tr>
      <td data-label="when">
        <When at={at} />
      </td>
      <td data-label="what">
        {ORDERS[action]}
        {dryRun ? <span class="count"> tried only</span> : null}
      </td>
      <td data-label="on">{chatId ? <Id id={chatId} of="chat" /> : <Id id={replicaId} of="replica" />}</td>
      <td data-label="who">
        {filters ? (
          <button type="button" class="plain" title={actor} onClick={() => setState({ actor })}>
            {shortId(actor)}
          </button>
        ) : (
          <span class="mono" title={actor}>
            {shortId(actor)}
          </span>
        )}{' '}
        <span class="count">{via.toLowerCase()}</span>
      </td>
      <td data-label="why">
        {reason}
        {findings.length > 0 ? <span class="words">for {findings.join(', ')}</span> : null}
      </td>
      <td data-label="outcome">
        <span class="verdict" data-tone={TONES[outcome]}>
          {outcome}
        </span>{' '}
        {before ? (
          <span class="mono">
            {before}
            {after && after !== before ? ` → ${after}` : ''}
          </span>
        ) : null}{' '}
        {outcome === 'DONE' && !dryRun && findings.length > 0 ? (
          <span class={record.resolved === 'NO' ? 'bad' : 'count'}>{RESOLVED[record.resolved]}</span>
        ) : null}
        {why ? <span class="words">{why}</span> : null}
        <details>
          <summary>All of it</summary>
          <dl class="fields">
            {Object.entries(record).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      </td>
    </tr>
  );
}

const RESOLVED = {
  PENDING: 'resolved: being looked at',
  YES: 'resolved',
  NO: 'not resolved',
  UNKNOWN: 'resolved: not known',
} as const;
