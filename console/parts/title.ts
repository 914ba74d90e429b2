/** The page's title, which says its state in a row of tabs. */
import { useEffect } from 'preact/hooks';

export function useTitle(text: string): void {
  useEffect(() => {
    document.title = `${text} · chat-debug`;
  }, [text]);
}
