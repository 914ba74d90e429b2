/**
 * Stand-in for a process of the system: it listens, says that it is ready, and notes its start and its order to stop.
 * The first message from its parent says how it misbehaves.
 */
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { announceReady, stopOnSignal } from '../../../server/lifecycle.ts';
import { makeLogger } from '../../../server/log.ts';

export interface Behaviour {
  readonly name: string;
  /** File that takes `<name> started` and `<name> stopped`. */
  readonly diary: string;
  /** Text that it writes first, without an end of line. */
  readonly says?: string;
  /** Ends with this code before it is ready. */
  readonly failsWith?: number;
  readonly ignoresSigterm?: boolean;
}

const [behaviour] = (await once(process, 'message')) as [Behaviour];
const write = (what: string) => appendFileSync(behaviour.diary, `${behaviour.name} ${what}\n`);
if (behaviour.says) process.stderr.write(behaviour.says);
if (behaviour.failsWith !== undefined) process.exit(behaviour.failsWith);

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
if (behaviour.ignoresSigterm) process.on('SIGTERM', () => {});
else stopOnSignal({ stop: async () => write('stopped') }, makeLogger(behaviour.name, 'silent'));
write('started');
announceReady({ url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` });
