/** The runtime subgraph of one replica as a process of its own, whose memory is made up. Its options are its first message. */
import { once } from 'node:events';
import { systemClock as clock } from '../../common/clock.ts';
import { announceReady, stopOnSignal } from '../../server/lifecycle.ts';
import { makeLogger } from '../../server/log.ts';
import { startRuntimeSubgraph } from '../../subgraphs/runtime/server.ts';
import { inspectorOf } from '../../test/support/inspector.ts';

export interface ReplicaMessage {
  readonly workerId: string;
  readonly port: number;
  readonly internalSecret: string;
}

const [{ workerId, port, internalSecret }] = (await once(process, 'message')) as [ReplicaMessage];
const log = makeLogger('replica', 'error');
const host = '127.0.0.1';
const inspector = inspectorOf(workerId);
const server = await startRuntimeSubgraph({ inspector, internalSecret, clock, log, host, port });
stopOnSignal(server, log);
announceReady({ url: server.url, id: workerId });
