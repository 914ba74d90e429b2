/** One loop of a replica: when it last ran through, and what kept it from that. */
import type { Loop } from '../data/operations.ts';
import { lengthOf, manyOf } from '../data/time.ts';
import { When } from './when.tsx';

export const LoopHealth = ({ name, loop }: { name: string; loop: Loop | null }) => (
  <div>
    <dt>{name}</dt>
    <dd>
      {loop === null ? <span class="none">not known</span> : <When at={loop.lastRunAt} />}
      {loop?.intervalSeconds ? <span class="count"> every {lengthOf(loop.intervalSeconds)}</span> : null}
      {loop?.consecutiveFailures ? (
        <span class="bad">
          {' '}
          failed {manyOf(loop.consecutiveFailures, 'time')} in a row: {loop.lastError ?? 'it does not say why'}
        </span>
      ) : null}
    </dd>
  </div>
);
