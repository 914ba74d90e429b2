/** The processes of the system, in stages. Each stage needs the ones before it, so they stop in the opposite order. */
import type { Clock } from '../../common/clock.ts';
import { StartError } from '../../server/startError.ts';
import type { ProcessSpec, Ready } from './childProcess.ts';
import { SupervisedProcess } from './supervisedProcess.ts';

export class Supervisor {
  readonly #clock: Clock;
  readonly #report: (line: string) => void;
  readonly #stages: SupervisedProcess[][] = [];
  #stopped: Promise<void> | undefined;

  /** @param report takes events of the processes, and each line that they write */
  constructor(clock: Clock, report: (line: string) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * Starts one more stage, its processes side by side, and keeps them running. The caller stops the rest after an
   * error.
   * @param onReady is told of each as soon as it is ready
   * @param earlier awaited by processes that do not start at once
   * @throws StartError if one of them could not start, or if all was told to stop
   * @throws whatever `earlier` rejects with
   */
  async start(
    specs: readonly ProcessSpec[],
    onReady: (name: string, ready: Ready) => void,
    earlier?: Promise<unknown>,
  ): Promise<void> {
    if (this.#stopped) throw new StartError('The start was cut short.');
    const stage = specs.map((spec) => new SupervisedProcess(spec, this.#clock, this.#report));
    this.#stages.push(stage);
    const starts = stage.map(async (one, index) => {
      if (earlier && !specs[index]?.startsAtOnce) await earlier;
      onReady(specs[index]?.name ?? '', await one.start());
    });
    await Promise.all([earlier, ...starts]);
  }

  /** Resolves when all are gone. A second call changes nothing. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopInOrder();
    return this.#stopped;
  }

  async #stopInOrder(): Promise<void> {
    for (const stage of this.#stages.toReversed()) await Promise.all(stage.map((one) => one.stop()));
  }
}
