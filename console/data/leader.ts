/**
 * One leader among tabs: the one that holds a stream for all that show the same.
 * Where the browser has no locks, on pages over plain HTTP, a note in localStorage that must be renewed takes their place.
 */
import { chance, ownMs, sleep } from './clock.ts';
import { randomId } from './uuid.ts';

/** Milliseconds for which a note holds, and after which it is renewed. */
const HOLDS_MS = 4_000;
const RENEWED_MS = 1_000;
/** Milliseconds after which two that wrote at once see who was last. */
const SETTLES_MS = 60;

/**
 * Runs `lead` when this tab becomes the leader, until `aborting` aborts. Another tab follows once it has ended.
 * @param lead gets a signal that aborts when this tab leads no more
 */
export async function whenLeader(
  name: string,
  aborting: AbortSignal,
  lead: (leading: AbortSignal) => Promise<void>,
): Promise<void> {
  if (navigator.locks) {
    await navigator.locks.request(name, { signal: aborting }, () => lead(aborting)).catch(unlessAborted(aborting));
  } else {
    await byNote(name, aborting, lead);
  }
}

const unlessAborted = (aborting: AbortSignal) => (error: unknown) => {
  if (!aborting.aborted) throw error;
};

interface Note {
  readonly id: string;
  readonly untilMs: number;
}

const noteOf = (id: string) => JSON.stringify({ id, untilMs: ownMs() + HOLDS_MS } satisfies Note);

/** Changes what is kept. Where a browser keeps nothing, each tab leads by itself. */
function ifKept(change: () => void): void {
  try {
    change();
  } catch {
    // There is no note of another tab either.
  }
}

async function byNote(
  name: string,
  aborting: AbortSignal,
  lead: (leading: AbortSignal) => Promise<void>,
): Promise<void> {
  const id = randomId();
  const key = `chat-debug-gateway:leader:${name}`;
  const write = () => ifKept(() => localStorage.setItem(key, noteOf(id)));
  const isOther = () => {
    const note = read(key);
    return note !== undefined && note.id !== id && note.untilMs > ownMs() && note.untilMs < ownMs() + 2 * HOLDS_MS;
  };
  while (!aborting.aborted) {
    if (isOther()) {
      await sleep(RENEWED_MS * (0.5 + chance()), aborting);
      continue;
    }
    write();
    await sleep(SETTLES_MS * (1 + chance()), aborting);
    if (isOther() || aborting.aborted) continue;
    const leading = new AbortController();
    const giveUp = () => {
      leading.abort();
      if (read(key)?.id === id) ifKept(() => localStorage.removeItem(key));
    };
    aborting.addEventListener('abort', giveUp);
    window.addEventListener('pagehide', giveUp);
    void renew(write, isOther, giveUp, leading.signal);
    await lead(leading.signal);
    const isOver = !leading.signal.aborted; // it ended by itself, and would end the same way again
    giveUp();
    aborting.removeEventListener('abort', giveUp);
    window.removeEventListener('pagehide', giveUp);
    if (isOver) return;
  }
}

/** Renews the note until this tab leads no more. A note of another one says that this tab slept too long. */
async function renew(
  write: () => void,
  isOther: () => boolean,
  giveUp: () => void,
  leading: AbortSignal,
): Promise<void> {
  while (!leading.aborted) {
    if (isOther()) return giveUp();
    write();
    await sleep(RENEWED_MS, leading);
  }
}

function read(key: string): Note | undefined {
  try {
    const { id, untilMs } = JSON.parse(localStorage.getItem(key) ?? '') as Partial<Note>;
    return typeof id === 'string' && typeof untilMs === 'number' ? { id, untilMs } : undefined;
  } catch {
    return undefined;
  }
}
