/** Opens a bundle from a file: dropped anywhere on the page, or chosen. Nothing of it leaves this browser. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { openFile } from '../data/bundles.ts';
import { useCommands } from './commands.ts';

/** @param onOpened gets the place of the file among `files` */
export function DropBundle({ onOpened }: { onOpened: (place: number) => void }) {
  const chooser = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const open = async (list: FileList | null | undefined) => {
    for (const file of [...(list ?? [])].slice(0, 2)) onOpened(await openFile(file));
  };
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onOver = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = () => setOver(false);
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      void open(event.dataTransfer?.files);
    };
    document.addEventListener('dragover', onOver);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('dragover', onOver);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('drop', onDrop);
    };
  });
  useCommands([{ name: 'Open a bundle file…', keys: 'o', run: () => chooser.current?.click() }], []);
  return (
    <span class="drop" data-over={isOver}>
      <button type="button" onClick={() => chooser.current?.click()}>
        Open a bundle file… <kbd>o</kbd>
      </button>
      or drop one on this page. It stays in this browser.
      <input
        ref={chooser}
        type="file"
        accept=".json,application/json"
        aria-label="Bundle file"
        tabIndex={-1}
        class="unseen"
        multiple
        onChange={({ currentTarget }) => {
          void open(currentTarget.files).then(() => {
            currentTarget.value = '';
          });
        }}
      />
    </span>
  );
}
