/** A stored bundle as a caller without the role to read everything may see it. Pure. */
import type { Bundle } from './format.ts';

type Snapshot = Bundle['snapshot'];

/**
 * Copy of a bundle without the views of other replicas, replica rows, addresses, thresholds and holders of locks. Who
 * took it, and who changed the chat, is left out as well. The diagnosis stays as it was made.
 */
export const forOwner = (bundle: Bundle): Bundle => ({
  ...bundle,
  ...{ takenBy: null, thresholds: null, replicas: null, server: null, diagnosisEverywhere: null },
  snapshot: ofOwner(bundle.snapshot),
  events: bundle.events?.map((event) => ({ ...event, actorId: null })) ?? null,
  answered: bundle.answered && {
    owner: bundle.answered.owner && {
      ...bundle.answered.owner,
      second: bundle.answered.owner.second && ofOwner(bundle.answered.owner.second),
    },
    everywhere: null,
  },
});

const ofOwner = ({ database, runtime, ...snapshot }: Snapshot): Snapshot => ({
  ...snapshot,
  ...{ everywhere: null, candidates: null },
  runtime: runtime && {
    ...runtime,
    reachability: runtime.reachability && { ...runtime.reachability, address: null },
  },
  database: database && {
    ...database,
    trouble: database.trouble && { ...database.trouble, lockedBy: null, thresholds: null },
  },
});
