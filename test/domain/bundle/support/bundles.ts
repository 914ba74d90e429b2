/** Bundles of made-up answers. */
import { type Answer, assemble, type Taking } from '../../../../domain/bundle/assemble.ts';
import type { Bundle } from '../../../../domain/bundle/format.ts';
import { readBundle } from '../../../../domain/bundle/read.ts';
import { diagnose } from '../../../../domain/diagnosis/diagnose.ts';
import { readSnapshot } from '../../../../domain/diagnosis/snapshot.ts';
import { combinationSnapshot, MATRIX_SETTINGS } from '../../../../scripts/combinations.ts';

export const TAKING: Taking = {
  ...{ takenAt: '2026-07-01T03:12:09.120Z', notAnswered: [] },
  takenBy: { sub: '5b1c6d1e-9a55-4b76-8f7b-3d5b1f2f7d10', roles: ['chat-debug:read-all'] },
  versions: { tool: '0.2.0', schema: 'a', rules: 'b' },
};

export type Fields = Record<string, unknown>;

/** A chat that a replica works on, as a gateway answers it. */
export const healthy = (): Fields & { database: Fields; runtime: Fields } =>
  structuredClone(combinationSnapshot({ state: 'R0', owner: 'OK', lease: 'fresh', runners: 'one' })) as never;

/** What the gateway says of it: what its rules make of the same halves. */
export const saidOf = (chat: object) => diagnose(readSnapshot(chat), MATRIX_SETTINGS);

export const bundleOf = (chat: object, others: Omit<Answer, 'chatDebugSnapshot'> = {}, taking = TAKING): Bundle =>
  assemble({ chatDebugSnapshot: { diagnosis: saidOf(chat), ...chat }, ...others }, taking);

/** Bundle after it was written to a file and read again. */
export const throughFile = (bundle: Bundle): Bundle => readBundle(JSON.stringify(bundle));
