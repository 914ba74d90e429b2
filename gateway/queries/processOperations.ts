/** Operations that other processes of the system ask: their checked-in files, to the letter. */
import { readdirSync, readFileSync } from 'node:fs';
import { Refusal } from '../../server/graphql/answer.ts';
import type { AllowedOperations } from './allowedOperations.ts';

const FOLDERS = ['recorder', 'operator'].map((name) => new URL(`../../subgraphs/${name}/operations/`, import.meta.url));
const BUNDLE = new URL('../../domain/bundle/bundle.graphql', import.meta.url);

/** Reads the files. A process of another version may ask something else, and is told so. */
export function readProcessOperations(): AllowedOperations {
  const files = [...FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => new URL(name, folder))), BUNDLE];
  const bodies = new Set(files.map((file) => readFileSync(file, 'utf8')));
  return { bodyOf: ({ query }) => (query !== undefined && bodies.has(query) ? query : notTheirs()) };
}

const notTheirs = () =>
  new Refusal(
    403,
    'FORBIDDEN',
    'A process of the system may ask only its own operations, and this is none of them. Run the gateway and that process in the same version.',
  );
