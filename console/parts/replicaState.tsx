/** How a replica is, in a word. */

import type { ReplicaSeen } from '../data/operations.ts';
import { CONDITIONS, conditionOf, isTrouble } from '../data/replicas.ts';

export function ReplicaState({ replica }: { replica: ReplicaSeen }) {
  const condition = conditionOf(replica);
  const tone = isTrouble(condition) ? 'bad' : condition === 'draining' || condition === 'full' ? 'odd' : 'calm';
  return (
    <span class="verdict" data-tone={tone}>
      {CONDITIONS[condition]}
    </span>
  );
}
