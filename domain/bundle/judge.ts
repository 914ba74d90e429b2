/** The rules, run on a bundle. They need no database, no network and no clock. */
import { diagnose } from '../diagnosis/diagnose.ts';
import type { Diagnosis, DiagnosisSettings } from '../diagnosis/diagnosis.ts';
import { readSnapshot, type Snapshot } from '../diagnosis/snapshot.ts';
import type { Bundle, Facts } from './format.ts';

/** Whose memory a diagnosis goes by: the owner's alone, or that of every replica. */
export type View = 'owner' | 'everywhere';

/** First reading as the diagnosis of a view gets it: with the memory that it goes by, and no other. */
export function snapshotOf({ snapshot }: Pick<Facts, 'snapshot'>, view: View): Snapshot {
  const whole = readSnapshot(snapshot);
  return view === 'owner' ? { ...whole, everywhere: null } : { ...whole, runtime: null };
}

/** True if the bundle holds what a view needs. */
export const holds = ({ snapshot }: Pick<Facts, 'snapshot'>, view: View): boolean =>
  view === 'owner' || snapshot.everywhere !== null;

/** Diagnosis by the rules of this version. It is about the second reading where there was one, as the gateway's is. */
export function judge(bundle: Pick<Facts, 'snapshot' | 'thresholds' | 'answered'>, view: View): Diagnosis {
  const first = snapshotOf(bundle, view);
  const { second = null, notRepeated = null } = bundle.answered?.[view] ?? {};
  return diagnose(second === null ? first : readSnapshot(second), settingsOf(bundle), {
    everywhere: view === 'everywhere',
    ...(second !== null && { first }),
    ...(notRepeated !== null && { notRepeated }),
  });
}

/** Thresholds that are known. */
export const settingsOf = ({ thresholds }: Pick<Facts, 'thresholds'>): DiagnosisSettings =>
  Object.fromEntries(Object.entries(thresholds ?? {}).filter(([, value]) => value !== null));

/** Facts with the words of the rules on them. */
export const judged = (facts: Facts): Bundle => ({
  ...facts,
  diagnosis: judge(facts, 'owner'),
  diagnosisEverywhere: holds(facts, 'everywhere') ? judge(facts, 'everywhere') : null,
});
