/** A list of any length, of which only what is seen is in the page. It scrolls with the page. */
import { observeWindowOffset, observeWindowRect, Virtualizer, windowScroll } from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';

/** Pixels of a row before it was measured. */
const GUESSED = 34;

interface LongListProps {
  readonly count: number;
  readonly keyOf: (i: number) => string | number;
  /** Called with the last row that is seen. */
  readonly onSeen: (last: number) => void;
  readonly children: (i: number) => ComponentChildren;
}

export function LongList({ count, keyOf, onSeen, children }: LongListProps) {
  const [, renew] = useReducer((round: number, _: undefined) => round + 1, 0);
  const list = useRef<HTMLOListElement>(null);
  const options = {
    ...{ count, getItemKey: keyOf, estimateSize: () => GUESSED, overscan: 8 },
    ...{
      getScrollElement: () => window,
      observeElementRect: observeWindowRect,
      observeElementOffset: observeWindowOffset,
    },
    ...{ scrollToFn: windowScroll, initialOffset: () => scrollY, scrollMargin: list.current?.offsetTop ?? 0 },
    onChange: () => renew(undefined),
  };
  const [virtual] = useState(() => new Virtualizer<Window, HTMLElement>(options));
  virtual.setOptions({ ...virtual.options, ...options });
  useLayoutEffect(() => virtual._didMount(), [virtual]);
  useLayoutEffect(() => virtual._willUpdate());
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => onSeen(last), [last, count]);
  const margin = virtual.options.scrollMargin;
  return (
    <ol ref={list} class="rows long" style={{ height: `${virtual.getTotalSize()}px` }}>
      {items.map(({ index, key, start }) => (
        <div
          key={key}
          data-index={index}
          class="place"
          role="none"
          ref={virtual.measureElement}
          style={{ transform: `translateY(${start - margin}px)` }}
        >
          {children(index)}
        </div>
      ))}
    </ol>
  );
}
