/** What a try of an action has found: each value before and after. */
import { changesOf } from '../data/actionDiff.ts';
import type { ActRecord } from '../data/operations.ts';

export const ActDiff = ({ record, queueDepth }: { record: ActRecord; queueDepth: number }) => (
  <table class="plain diff">
    <caption>It was tried, and taken back. This is what it changes:</caption>
    <thead>
      <tr>
        <th scope="col">What</th>
        <th scope="col">Now</th>
        <th scope="col">Afterwards</th>
      </tr>
    </thead>
    <tbody>
      {changesOf(record, queueDepth).map(({ what, before, after }) => (
        <tr key={what} data-differs={before !== after}>
          <th scope="row">{what}</th>
          <td class="mono">{before}</td>
          <td class="mono">{after}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
