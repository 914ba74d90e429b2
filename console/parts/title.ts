/** The page's title, which says its state in a row of tabs. */
import { useEffect } from 'preact/hooks';
import { shortName } from '../data/legible.ts';

export function useTitle(text: string): void {
  useEffect(() => {
    document.title = `${shortName(text)} · chat-debug`;
  }, [text]);
}
