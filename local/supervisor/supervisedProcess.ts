/**
 * One process of the system, kept running: it is restarted when it ends by itself, and ended within a limit.
 * Its life, which only `#become` changes:
 *
 *     new → starting → running → stopping → stopped
 *              ↑ │        │        ↑           ↑
 *              │ └────────┼────────┘           │
 *              └─ pausing ┴────────────────────┘
 */
import type { Clock } from '../../common/clock.ts';
import { StartError } from '../../server/startError.ts';
import { type Child, describeEnding, describeReady, type ProcessSpec, type Ready, runChild } from './childProcess.ts';

/** Milliseconds before a restart; they double with each failure in a row. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;
/** Milliseconds to wait after so many failures in a row. */
export const restartPauseMs = (failures: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
/** Milliseconds after which a process counts as well: its next failure is the first again. */
const STEADY_MS = 30_000;
const START_LIMIT_MS = 60_000;
/** Milliseconds from SIGTERM to SIGKILL. */
const STOP_LIMIT_MS = 3_000;

type Life =
  | { kind: 'new' }
  | { kind: 'starting'; child: Child }
  | { kind: 'running'; child: Child }
  | { kind: 'pausing'; wake: AbortController }
  | { kind: 'stopping'; gone: Promise<void> }
  | { kind: 'stopped' };

export class SupervisedProcess {
  readonly #spec: ProcessSpec;
  readonly #clock: Clock;
  readonly #report: (line: string) => void;
  #life: Life = { kind: 'new' };

  /** @param report takes events of the process, and each line that it writes */
  constructor(spec: ProcessSpec, clock: Clock, report: (line: string) => void) {
    this.#spec = spec;
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * Resolves once it is ready. From then on it is kept running.
   * @throws StartError if this first start fails, or if it was told to stop
   */
  async start(): Promise<Ready> {
    const { name } = this.#spec;
    if (this.#life.kind !== 'new') throw new StartError(`${name} was told to stop.`);
    const child = this.#launch();
    const ready = await this.#untilReady(child);
    if (!ready) {
      if (!this.#toldToStop) this.#become({ kind: 'stopped' });
      throw new StartError(
        `${name} could not start: it ended with ${describeEnding(await child.ended)}. It says why above.`,
      );
    }
    void this.#keepRunning(child);
    return ready;
  }

  /** Resolves when the process is gone, after little more than 3 s at most. A second call changes nothing. */
  async stop(): Promise<void> {
    const life = this.#life;
    switch (life.kind) {
      case 'starting':
      case 'running': {
        const gone = this.#end(life.child);
        this.#become({ kind: 'stopping', gone });
        return gone;
      }
      case 'pausing':
        life.wake.abort();
        this.#become({ kind: 'stopped' });
        return;
      case 'stopping':
        return life.gone;
      case 'new':
      case 'stopped':
        this.#become({ kind: 'stopped' });
        return;
      default:
        life satisfies never;
    }
  }

  async #keepRunning(first: Child): Promise<void> {
    const { name } = this.#spec;
    let child = first;
    let sinceMs = this.#clock.monotonicMs();
    for (let failures = 1; ; failures += 1) {
      const ending = await child.ended;
      if (this.#toldToStop) return;
      if (this.#clock.monotonicMs() - sinceMs > STEADY_MS) failures = 1;
      const ms = restartPauseMs(failures);
      this.#report(`${name} ended with ${describeEnding(ending)}. It is started again in ${ms / 1000} s.`);
      await this.#pause(ms);
      if (this.#toldToStop) return;
      sinceMs = this.#clock.monotonicMs();
      child = this.#launch();
      const ready = await this.#untilReady(child);
      if (ready) this.#report(`${name} runs again: ${describeReady(ready)}`);
    }
  }

  #launch(): Child {
    const child = runChild(this.#spec, this.#clock, (line) => this.#report(`[${this.#spec.name}] ${line}`));
    this.#become({ kind: 'starting', child });
    return child;
  }

  /** Resolves once it is ready, or with undefined if it ended first. A process that takes too long is ended. */
  async #untilReady(child: Child): Promise<Ready | undefined> {
    const decided = new AbortController();
    const tooLong = this.#clock.sleep(START_LIMIT_MS, decided.signal).then(() => undefined);
    const ready = await Promise.race([child.ready, child.ended.then(() => undefined), tooLong]);
    decided.abort();
    if (!ready) {
      child.kill('SIGKILL'); // if it is still there, it has taken too long
      await child.ended;
    } else if (!this.#toldToStop) {
      this.#become({ kind: 'running', child });
    }
    return ready;
  }

  async #pause(ms: number): Promise<void> {
    const wake = new AbortController();
    this.#become({ kind: 'pausing', wake });
    await this.#clock.sleep(ms, wake.signal);
  }

  async #end(child: Child): Promise<void> {
    child.kill('SIGTERM');
    const ended = new AbortController();
    const gone = child.ended.finally(() => ended.abort());
    await Promise.race([gone, this.#clock.sleep(STOP_LIMIT_MS, ended.signal)]);
    if (!ended.signal.aborted) {
      this.#report(`${this.#spec.name} did not stop within ${STOP_LIMIT_MS / 1000} s and was killed.`);
      child.kill('SIGKILL');
    }
    await gone;
    this.#become({ kind: 'stopped' });
  }

  get #toldToStop(): boolean {
    return this.#life.kind === 'stopping' || this.#life.kind === 'stopped';
  }

  #become(life: Life): void {
    this.#life = life;
  }
}
