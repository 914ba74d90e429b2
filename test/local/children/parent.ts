/**
 * A process that supervises the specification in its first message, and passes on what gets ready, until it is killed.
 */
import { once } from 'node:events';
import { systemClock } from '../../../common/clock.ts';
import { Supervisor } from '../../../local/supervisor/supervisor.ts';
import type { Behaviour } from './server.ts';

const [behaviours] = (await once(process, 'message')) as [Behaviour[]];
/** Built beside it. */
const script = new URL('./server.js', import.meta.url);
const specs = behaviours.map((message) => ({ name: message.name, script, environment: {}, message }));
await new Supervisor(systemClock, () => {}).start(specs, (_name, ready) => process.send?.(ready));
