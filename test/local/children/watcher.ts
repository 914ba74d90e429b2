/** A process that reports that it watches its parent, and when that one is gone. */
import { systemClock } from '../../../common/clock.ts';
import { parentGone } from '../../../local/supervisor/parentWatch.ts';

const gone = parentGone(systemClock, new AbortController().signal);
process.stdout.write('watching\n');
await gone;
process.stdout.write('gone\n');
