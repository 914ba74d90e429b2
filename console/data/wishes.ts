/** What the person has chosen, kept in this browser. */
import { effect, signal } from '@preact/signals';

const KEY = 'chat-debug-gateway:wishes';

interface Wishes {
  /** True: times are shown as times of day, and not as ages. */
  readonly absolute: boolean;
  /** True: single keys do something. */
  readonly keys: boolean;
}

function read(): Partial<Wishes> {
  try {
    const { absolute, keys } = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>;
    return { ...(typeof absolute === 'boolean' && { absolute }), ...(typeof keys === 'boolean' && { keys }) };
  } catch {
    return {};
  }
}

export const wishes = signal<Wishes>({ absolute: false, keys: true, ...read() });

effect(() => {
  const text = JSON.stringify(wishes.value);
  try {
    localStorage.setItem(KEY, text);
  } catch {
    // A browser that keeps nothing forgets them with the page.
  }
});
