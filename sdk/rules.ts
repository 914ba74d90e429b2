/**
 * The rules of the diagnosis for other programs: `chat-debug-gateway/rules`. Pure, and fit for a browser.
 * Nobody is asked, and no clock is read: every age comes with the data.
 */
import { judge } from '../domain/bundle/judge.ts';
import { readBundle } from '../domain/bundle/read.ts';
import { diagnose } from '../domain/diagnosis/diagnose.ts';
import type { Diagnosis, DiagnosisSettings } from '../domain/diagnosis/diagnosis.ts';
import { readSnapshot } from '../domain/diagnosis/snapshot.ts';

export type {
  Consistency,
  Diagnosis,
  DiagnosisSettings,
  Evidence,
  Finding,
  Severity,
  Verdict,
} from '../domain/diagnosis/diagnosis.ts';
export type { Thresholds } from '../domain/thresholds.ts';

/**
 * Judges a chat.
 * @param snapshot `chatDebugSnapshot` of a GraphQL answer, with the fields that the `diagnosis` subgraph requires. A field that is
 * missing is not known, and no finding guesses it
 * @param settings thresholds for where the snapshot brings none
 * @throws if it is no snapshot
 */
export const diagnoseSnapshot = (snapshot: unknown, settings: DiagnosisSettings = {}): Diagnosis =>
  diagnose(readSnapshot(snapshot), settings);

/**
 * Judges a bundle: a file of `chat-debug bundle`.
 * @param text content of the file
 * @throws if it is no bundle
 */
export const diagnoseBundle = (text: string): Diagnosis => judge(readBundle(text), 'owner');
