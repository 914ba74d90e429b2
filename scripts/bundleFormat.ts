/** Files made from the code for bundles: the JSON Schema of their format, and the fingerprint of the rules. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { bundle, FORMAT } from '../domain/bundle/format.ts';
import { CIRCUMSTANCES } from './circumstances.ts';
import { circumstanceOf, combinations, diagnosisOf } from './combinations.ts';

export const BUNDLE_SCHEMA_FILE = new URL('../domain/bundle/bundle.schema.json', import.meta.url);
export const FINGERPRINT_FILE = new URL('../domain/diagnosis/fingerprint.ts', import.meta.url);

/** JSON Schema of the format, as text. */
export function bundleSchema(): string {
  const schema = z.toJSONSchema(bundle, {
    io: 'input',
    override: ({ jsonSchema }) => {
      delete jsonSchema.default; // what the reader takes in place of an odd value, and no part of the format
    },
  });
  const about = 'All that was known of a chat at one moment. A member that is null was not known, or not answered.';
  return `${JSON.stringify({ title: FORMAT, description: about, ...schema }, undefined, 2)}\n`;
}

/** Module with the fingerprint of what the rules say of every situation of the matrix. */
export function fingerprintModule(): string {
  const said = [...combinations().map(diagnosisOf), ...CIRCUMSTANCES.map(circumstanceOf)];
  const hash = createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 12);
  return [
    '/** Fingerprint of what the rules say of every situation of the matrix. `npm run docs` makes this file. */',
    `export const RULES_FINGERPRINT = '${hash}';`,
    '',
  ].join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await writeFile(BUNDLE_SCHEMA_FILE, bundleSchema());
  await writeFile(FINGERPRINT_FILE, fingerprintModule());
}
