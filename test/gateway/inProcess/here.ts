/** Import it first: every gateway of the file runs the database subgraph in its own process, and one at least must. */
import { afterAll, expect } from '@jest/globals';
import { chosen } from '../databaseWays.ts';

chosen.isInProcess = true;
afterAll(() => expect(chosen.opened).toBeGreaterThan(0));
