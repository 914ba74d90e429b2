/** What can be done on the page that is shown: by the palette, and many by a key. */
import { computed, signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { monotonicMs } from '../data/clock.ts';
import { wishes } from '../data/wishes.ts';

export interface Command {
  /** What it does, as an order: `Copy the link`. */
  readonly name: string;
  /** One key, or two after each other: `g f`. */
  readonly keys?: string;
  readonly run: () => void;
}

const registered = signal<readonly (readonly Command[])[]>([]);
export const commands = computed(() => registered.value.flat());

/** Offers commands while the component is there. */
export function useCommands(offered: readonly Command[], when: readonly unknown[]): void {
  // Before the browser paints: what is seen can be done.
  useLayoutEffect(() => {
    registered.value = [offered, ...registered.value];
    return () => {
      registered.value = registered.value.filter((one) => one !== offered);
    };
  }, when);
}

/** Milliseconds between two keys that belong together. */
const TOGETHER_MS = 1_200;

/** Runs commands by their keys, unless the person writes or a dialog is open. */
export function beginKeys(): void {
  let first = { key: '', atMs: 0 };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !wishes.value.keys) return;
    if (isWriting(event.target) || document.querySelector('dialog[open]')) return;
    const isSecond = monotonicMs() - first.atMs < TOGETHER_MS;
    const keys = isSecond ? `${first.key} ${event.key}` : event.key;
    const found =
      commands.value.find((one) => one.keys === keys) ?? commands.value.find((one) => one.keys === event.key);
    first = { key: event.key, atMs: monotonicMs() };
    if (!found) return;
    event.preventDefault();
    first = { key: '', atMs: 0 };
    found.run();
  });
}

const isWriting = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]');
