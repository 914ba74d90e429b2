/** First import of a file whose gateways all run the database subgraph in their own process; at least one must. */
import { afterAll, expect } from '@jest/globals';
import { chosen } from '../databaseWays.ts';

chosen.isInProcess = true;
afterAll(() => expect(chosen.opened).toBeGreaterThan(0));
