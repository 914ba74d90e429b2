/** The loops of all watches: one for those who watch the same and are to get the same answer. */
import type { Clock } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import { parseUuid } from '../../common/uuid.ts';
import { type Caller, mayReadAll } from '../tokens/internalToken.ts';
import type { Look, Watch } from './watch.ts';
import { type LookReason, type Watcher, WatchLoop } from './watchLoop.ts';

interface WatchesOptions {
  /** Looks once. Never rejects. Undefined: the question is not valid any more. */
  readonly look: (watch: Watch, caller: Caller, signal: StopSignal) => Promise<Look | undefined>;
  readonly onLooked: (why: LookReason, wokenMs: number | undefined) => void;
  /** Told when a loop begins or ends that changes of chats wake. */
  readonly onChanged: () => void;
  readonly clock: Clock;
}

interface Held {
  readonly loop: WatchLoop;
  /** Chat whose changes wake the loop; `any`: those of every chat do; undefined: none. */
  readonly wokenBy: string | undefined;
}

const ANY = 'any';

export class Watches {
  readonly #options: WatchesOptions;
  readonly #held = new Map<string, Held>();
  readonly #byChat = new Map<string, Set<WatchLoop>>();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** Number of loops. */
  get size(): number {
    return this.#held.size;
  }

  /** True if changes of chats wake a loop. */
  get areWoken(): boolean {
    return this.#byChat.size > 0;
  }

  /** Ids of the chats that are watched one by one. */
  chatIds(): string[] {
    return [...this.#byChat.keys()].filter((id) => id !== ANY);
  }

  /** Adds a client to the loop of its watch. @returns removes it */
  join(watch: Watch, caller: Caller, watcher: Watcher): () => void {
    const key = JSON.stringify([watch.text, sorted(watch.variables), watch.everyMs, rightsFor(watch, caller)]);
    const held = this.#held.get(key) ?? this.#begin(key, watch);
    held.loop.add(watcher);
    return () => {
      held.loop.remove(watcher);
      if (held.loop.size === 0 && this.#held.get(key) === held) this.#end(key, held);
    };
  }

  /**
   * Wakes the loops that a change may matter to.
   * @param chatIds that have changed; undefined: any may have
   * @returns number of loops
   */
  wake(chatIds: readonly string[] | undefined): number {
    const loops = new Set<WatchLoop>();
    const names = chatIds === undefined ? this.#byChat.keys() : [ANY, ...chatIds];
    for (const name of names) for (const loop of this.#byChat.get(name) ?? []) loops.add(loop);
    for (const loop of loops) loop.wake();
    return loops.size;
  }

  #begin(key: string, watch: Watch): Held {
    const { look, onLooked, onChanged, clock } = this.#options;
    const loop = new WatchLoop({
      ...{ everyMs: watch.everyMs, onLooked, clock },
      look: (caller, signal) => look(watch, caller, signal),
    });
    const held = { loop, wokenBy: wakerOf(watch) };
    this.#held.set(key, held);
    if (held.wokenBy !== undefined) {
      const loops = this.#byChat.get(held.wokenBy) ?? new Set();
      this.#byChat.set(held.wokenBy, loops.add(loop));
      if (loops.size === 1) onChanged();
    }
    return held;
  }

  #end(key: string, { loop, wokenBy }: Held): void {
    this.#held.delete(key);
    const loops = wokenBy === undefined ? undefined : this.#byChat.get(wokenBy);
    if (wokenBy === undefined || !loops) return;
    loops.delete(loop);
    if (loops.size > 0) return;
    this.#byChat.delete(wokenBy);
    this.#options.onChanged();
  }
}

function wakerOf({ field, chatId }: Watch): string | undefined {
  if (field === 'chatDebugSnapshot') return parseUuid(chatId);
  return field === 'chats' ? ANY : undefined;
}

/** Rights by which answers are the same: those who may read all get the same, unless the watch asks what is theirs alone. */
const rightsFor = ({ isPerCaller }: Watch, caller: Caller): unknown => [
  ...[isPerCaller || !mayReadAll(caller) ? caller.sub : null, [...caller.roles].sort()],
];

/** Members in the order of their names, at every depth. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
};
