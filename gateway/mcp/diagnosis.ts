/** A diagnosis as tools tell it: names that others chose are marked. */
import { z } from 'zod';
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

/** Names that the sentences of a diagnosis may quote, as they are quoted. */
export const quotedNames = (database: z.output<typeof named> | null): string[] =>
  (database?.openCalls ?? []).map(({ toolName }) => word(toolName));

/** @param names that its sentences may quote */
export function toldDiagnosis(
  { summary, findings, ...rest }: z.output<typeof diagnosed>,
  names: readonly string[],
): z.output<typeof told> {
  const evident = findings.flatMap(({ evidence }) =>
    evidence.filter(({ field }) => isForeignPath(field)).map(({ value }) => word(value)),
  );
  const within = (sentence: string) => markedWithin(sentence, [...names, ...evident]);
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
