/** Rows as people find them: odd, far ahead of the clock, held by somebody, or left over. */
import { jest } from '@jest/globals';
import { ahead } from './rows/ahead.ts';
import { children } from './rows/children.ts';
import { holdWithoutDeadline } from './rows/deadline.ts';
import { farRows } from './rows/farRows.ts';
import { handOvers } from './rows/handOvers.ts';
import { heldRows } from './rows/heldRows.ts';
import { large } from './rows/large.ts';
import { leftOver } from './rows/leftOver.ts';
import { oddRows } from './rows/oddRows.ts';
import { refusedWrites } from './rows/refusedWrites.ts';
import { stoppedOwner } from './rows/stoppedOwner.ts';
import { systemOfFile } from './support/systemOfFile.ts';

jest.setTimeout(180_000);

const REPLICAS = 3;

const field = systemOfFile(() => ({ NO_PROGRESS_SECONDS: '20' }));

holdWithoutDeadline(field, REPLICAS);
handOvers(field);
heldRows(field);
ahead(field);
farRows(field);
children(field);
stoppedOwner(field);
large(field);
oddRows(field);
refusedWrites(field);
leftOver(field); // its test is the last, and may have to wait
