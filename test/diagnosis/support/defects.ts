/** Preload of a replica, which gives its worker the defects of `defectHooks.ts`. */
import { register } from 'node:module';

register('./defectHooks.ts', import.meta.url);
