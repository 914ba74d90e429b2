/** The fields that the diagnosis requires of both halves, by its schema. Nothing else is read, or read again. */
import { readFileSync } from 'node:fs';
import { Kind, parse } from 'graphql';
import type { DiagnosisField } from './resolvers.ts';

export const SCHEMA_FILE = new URL('schema.graphql', import.meta.url);

/** Selection as GraphQL text without its outer braces. */
export function requiredFields(field: DiagnosisField): string {
  for (const definition of parse(readFileSync(SCHEMA_FILE, 'utf8')).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION || definition.name.value !== 'ChatDebugSnapshot') continue;
    const declared = definition.fields?.find(({ name }) => name.value === field);
    const value = declared?.directives?.find(({ name }) => name.value === 'requires')?.arguments?.[0]?.value;
    if (value?.kind === Kind.STRING) return value.value;
  }
  throw new Error(`The schema of the diagnosis does not say what ${field} requires`);
}
