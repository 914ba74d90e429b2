/**
 * A tap on the line to Postgres: passes every byte on, notes every statement that a client sends, and can freeze, as a cut
 * cable does. Of the protocol it knows that each message after the first has a type, a length and a body.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { systemClock } from '../../../../common/clock.ts';
import { freePort } from '../../../../local/ports.ts';

export interface Tap {
  /** The same database, through the tap. */
  readonly url: string;
  /** Statements in the order they were run, `BEGIN` and the like included. */
  readonly statements: string[];
  /** From now on no byte passes, in either direction, and nobody is told. */
  freeze(): void;
  /** New connections are as they should be again; those that were frozen never recover. */
  thaw(): void;
  /** Cuts every connection and takes no new one. Twice is once. */
  close(): Promise<void>;
}

/** @param given the port of the tap; unset: one that nobody else takes while the tap is closed */
export async function tapPostgres(databaseUrl: string, given?: number): Promise<Tap> {
  const port = given ?? (await freePort(systemClock));
  const target = new URL(databaseUrl);
  const statements: string[] = [];
  const sockets = new Set<Socket>();
  let line = { frozen: false };
  const server = createServer((client) => {
    const here = line;
    const upstream = connect(Number(target.port), target.hostname);
    const note = statementReader((statement) => statements.push(statement));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (here.frozen) return;
        if (from === client) note(chunk);
        to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        if (!here.frozen) to.end();
      });
    }
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String(port);
  return {
    url: url.href,
    statements,
    freeze: () => {
      line.frozen = true;
    },
    thaw: () => {
      line = { frozen: false };
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

/** Messages may be cut anywhere: what is not whole waits for the next chunk. */
function statementReader(onStatement: (statement: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let started = false;
  const prepared = new Map<string, string>();
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = started ? 1 : 0; // the startup message has no type
      if (rest.length < head + 4) return;
      const end = head + rest.readUInt32BE(head);
      if (rest.length < end) return;
      const type = started ? String.fromCharCode(rest[0] ?? 0) : 'startup';
      const [first = '', second = ''] = rest
        .subarray(head + 4, end)
        .toString()
        .split('\0');
      if (type === 'Q') onStatement(first);
      if (type === 'P') prepared.set(first, second);
      if (type === 'B') onStatement(prepared.get(second) ?? '');
      rest = rest.subarray(end);
      started = true;
    }
  };
}
