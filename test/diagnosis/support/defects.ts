/** Loaded into a replica before anything else: its worker then has the defects of `defectHooks.ts`. */
import { register } from 'node:module';

register('./defectHooks.ts', import.meta.url);
