/** A stored bundle as a caller without the role to read everything may see it. Pure. */
import type { Bundle } from './format.ts';
import { judge } from './judge.ts';

type Snapshot = Bundle['snapshot'];

/**
 * Copy of a bundle without the views of other replicas, replica rows, addresses and holders of locks.
 * Children that will not answer are left out, because they may be another person's. Who took the bundle, and who
 * changed the chat, is left out as well. The diagnosis is made anew of what is left.
 * The thresholds stay: without them the rules would say something else of the copy, and its owner may ask for them anyway.
 */
export function forOwner(bundle: Bundle): Bundle {
  const snapshot = ofOwner(bundle.snapshot);
  const owner = bundle.answered?.owner ?? null;
  const answered = bundle.answered && {
    owner: owner && { ...owner, second: owner.second && ofOwner(owner.second) },
    everywhere: null,
  };
  return {
    ...bundle,
    ...{ takenBy: null, replicas: null, server: null, snapshot, answered },
    events: bundle.events?.map((event) => ({ ...event, actorId: null })) ?? null,
    diagnosis: judge({ snapshot, answered, thresholds: bundle.thresholds }, 'owner'),
    diagnosisEverywhere: null,
  };
}

const ofOwner = ({ database, runtime, ...snapshot }: Snapshot): Snapshot => ({
  ...snapshot,
  ...{ everywhere: null, candidates: null },
  runtime: runtime && {
    ...runtime,
    reachability: runtime.reachability && { ...runtime.reachability, address: null },
  },
  database: database && {
    ...database,
    lostChildren: null,
    trouble: database.trouble && { ...database.trouble, lockedBy: null },
  },
});
