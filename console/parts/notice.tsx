/** One line at the foot of the page that says what was just done. It is read out, and goes by itself. */
import { signal } from '@preact/signals';
import { after } from '../data/clock.ts';
import { copyText } from '../data/copy.ts';

const SHOWN_MS = 4_000;
const text = signal('');
let end = () => {};

function say(words: string): void {
  text.value = words;
  end();
  end = after(SHOWN_MS, () => {
    text.value = '';
  });
}

/** Copies, and says so. @param what as in “The id is copied.” */
export async function copy(what: string, words: string): Promise<void> {
  say((await copyText(words)) ? `${what} is copied.` : `${what} cannot be copied: this browser does not allow it.`);
}

export const Notice = () => (
  <div class="notice" role="status" aria-live="polite" data-shown={text.value !== ''}>
    {text.value}
  </div>
);
