/** The frame of every process that serves: its settings, its log, its traces, its start and its end. */
import { systemClock } from '../common/clock.ts';
import { announceReady, failToStart, type Stoppable, stopOnSignal } from './lifecycle.ts';
import { type Logger, makeLogger } from './log.ts';
import type { Settings } from './settings/settings.ts';
import { startTracing } from './tracing.ts';

/** Settings of the frame, which every process has. */
export const PROCESS_SETTINGS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'LOG_LEVEL'] as const;

/** A server that takes requests. */
interface Listening extends Stoppable {
  /** Address without a path: `http://127.0.0.1:4001`. */
  readonly url: string;
  /** Id of a replica. */
  readonly workerId?: string;
}

/**
 * Starts the server, announces its address in the log and to the parent, and stops it when this process is told to end.
 * If it cannot start, it says why and exits with 1. Wrong settings are named before anything runs.
 * @param name in the log and in traces: `gateway`, `database`, `replica`
 * @param readSettings may throw a SettingsError
 */
export async function runProcess<S extends Settings<(typeof PROCESS_SETTINGS)[number]>>(
  name: string,
  readSettings: () => S,
  start: (settings: S, log: Logger) => Promise<Listening>,
): Promise<void> {
  const log = makeLogger(name, 'info');
  try {
    const settings = readSettings();
    log.level = settings.LOG_LEVEL;
    const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
    const tracing = await startTracing({ service: name, endpoint, clock: systemClock, log });
    const server = await start(settings, log);
    const { url, workerId } = server;
    stopOnSignal(tracing.around(server), log);
    log.info({ workerId, url }, 'listening');
    announceReady({ url, ...(workerId !== undefined && { id: workerId }) });
  } catch (error) {
    failToStart(error, log);
  }
}
