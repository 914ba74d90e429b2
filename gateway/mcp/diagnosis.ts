/** A diagnosis as tools tell it: names that others chose are marked. */
import * as z from 'zod';
import { isObject } from '../../common/json.ts';
import { breakOffIn } from '../../domain/diagnosis/breakOff.ts';
import { word } from '../../domain/diagnosis/wording.ts';
import { foreign, isForeignPath, markedWithin, untrusted } from './foreign.ts';

/** Diagnosis as the graph answers it. */
export const diagnosed = z.object({
  verdict: z.string(),
  summary: z.string(),
  consistency: z.string(),
  findings: z.array(
    z.object({
      code: z.string(),
      severity: z.string(),
      message: z.string(),
      evidence: z.array(z.object({ source: z.string(), field: z.string(), value: z.string() })),
      suggestion: z.string().nullable(),
    }),
  ),
});

/** Part of a chat's row with names that a diagnosis may quote. */
export const named = z.object({
  title: z.string(),
  openCalls: z.array(z.object({ toolName: z.string() })).nullable(),
  lastError: z.unknown(),
  retryState: z.unknown(),
});

/** Diagnosis as a tool answers it. */
export const told = z.object({
  verdict: z.string().describe('IDLE, WORKING, WAITING, FAILED, STUCK or UNKNOWN'),
  summary: z.string(),
  consistency: z.string().describe('whether both halves show the same moment'),
  findings: z
    .array(
      z.object({
        code: z.string().describe('`explain` tells what it means and what to do'),
        severity: z.string(),
        message: z.string(),
        evidence: z.array(z.object({ source: z.string(), field: z.string(), value: z.union([z.string(), foreign]) })),
        suggestion: z.string().nullable(),
      }),
    )
    .describe('worst first'),
});

type Row = z.output<typeof named> | null;
type Evident = Pick<z.output<typeof diagnosed>['findings'][number]['evidence'][number], 'field' | 'value'>;

/** Sentence of a diagnosis in which the names that it may quote are marked. They stand in the row, or in evidence. */
export function toldSentence(
  sentence: string,
  database: Row,
  findings: readonly { readonly evidence: readonly Evident[] }[],
): string {
  const ofCalls = (database?.openCalls ?? []).map(({ toolName }) => toolName);
  const ofErrors = [database?.lastError, database?.retryState].flatMap((error) =>
    isObject(error) ? [error.kind, breakOffIn(String(error.message)).defect] : [],
  );
  const evident = findings.flatMap(({ evidence }) =>
    evidence.filter(({ field }) => isForeignPath(field)).map(({ value }) => value),
  );
  const names = [...ofCalls, ...ofErrors, ...evident].filter((name) => typeof name === 'string');
  return markedWithin(sentence, names.map(word));
}

/** @param database row whose names its sentences may quote */
export function toldDiagnosis(
  { summary, findings, ...rest }: z.output<typeof diagnosed>,
  database: Row,
): z.output<typeof told> {
  const within = (sentence: string) => toldSentence(sentence, database, findings);
  return {
    ...rest,
    summary: within(summary),
    findings: findings.map(({ message, suggestion, evidence, ...one }) => ({
      ...one,
      message: within(message),
      evidence: evidence.map(({ field, value, source }) => {
        return { source, field, value: isForeignPath(field) ? untrusted(value) : value };
      }),
      suggestion: suggestion === null ? null : within(suggestion),
    })),
  };
}
