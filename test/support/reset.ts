/** The reset of a connection, as a process that dies leaves behind. */
import type { Socket } from 'node:net';

/**
 * Resets a connection, or closes it while its end is still under way.
 * Node 20 loses the handle of one that is reset then: it stays open, and the process that holds it never ends.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
