/**
 * One structured logger for a process: JSON lines on standard error. An error goes under `err`: under other names it is
 * written as {}. Never hand it a token or a variable's value.
 */
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** @param name the process: `gateway`, `database`, `replica` */
export function makeLogger(name: string, level: string): Logger {
  return pino({ name, level }, pino.destination({ fd: 2, sync: true }));
}
