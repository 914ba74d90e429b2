/** The command palette: everything that can be done here, by its name; and any chat, by its id. */
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { go, linkTo } from '../data/route.ts';
import { isUuid } from '../data/uuid.ts';
import { type Command, commands } from './commands.ts';
import { KeyNames } from './keyNames.tsx';

export const paletteIsOpen = signal(false);

/** Most commands that are shown at once. */
const SHOWN = 12;

export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const isOpen = paletteIsOpen.value;
  // Before the browser paints: keys that follow at once are written into the field.
  useLayoutEffect(() => {
    if (isOpen) {
      setText('');
      setChosen(0);
      dialog.current?.showModal();
    } else dialog.current?.close();
  }, [isOpen]);
  const found = isOpen ? search(text) : [];
  const run = (command: Command | undefined) => {
    paletteIsOpen.value = false;
    dialog.current?.close();
    command?.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((found.length + chosen + step) % Math.max(found.length, 1));
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      run(found[chosen]);
    }
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a dialog closes by Escape by itself
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Commands"
      onClose={() => {
        paletteIsOpen.value = false;
      }}
      onClick={(event) => {
        if (event.target === dialog.current) paletteIsOpen.value = false;
      }}
    >
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-label="Command, or the id of a chat"
        aria-autocomplete="list"
        {...(found.length > 0 && { 'aria-activedescendant': `palette-${chosen}` })}
        placeholder="Command, or the id of a chat"
        value={text}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-list" role="listbox" aria-label="Commands">
        {found.map((command, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above takes the keys, as a combobox does
          <div
            key={command.name}
            id={`palette-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === chosen}
            onClick={() => run(command)}
          >
            <span>{command.name}</span>
            {command.keys ? <KeyNames keys={command.keys} /> : null}
          </div>
        ))}
      </div>
      {found.length === 0 ? <p class="none">No command has this name.</p> : null}
    </dialog>
  );
}

/** Commands whose names hold every word of the text, and the chat whose id it is. */
function search(text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const id = text.trim();
  const opened: Command[] = isUuid(id)
    ? [
        { name: `Open chat ${id}`, run: () => go(linkTo(`chats/${id.toLowerCase()}`)) },
        { name: `Open replica ${id}`, run: () => go(linkTo(`replicas/${id.toLowerCase()}`)) },
        {
          name: `Show the chats of person ${id}`,
          run: () => go(linkTo('', { list: 'all', person: id.toLowerCase() })),
        },
      ]
    : [];
  const named = commands.value.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
  return [...opened, ...named].slice(0, SHOWN);
}
