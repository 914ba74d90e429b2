import { describe, expect, test } from '@jest/globals';
import { BUFFER_CAPACITY_BYTES } from '../../../../subgraphs/runtime/chatd/messageBuffer.ts';
import { MessageBuffers } from '../../../../subgraphs/runtime/chatd/messageBuffers.ts';
import type { StreamEvent } from '../../../../subgraphs/runtime/inspector.ts';
import { manualClock } from '../../../support/manualClock.ts';

const episode = (generationAttempt: number) => ({ chatId: 'c', historyVersion: 1, generationAttempt });
const text = (value: string) => ({ type: 'text-delta', text: value }) as const;

describe('a message buffer', () => {
  test('drops and counts what does not fit, and takes nothing once it is closed', () => {
    const buffers = new MessageBuffers(manualClock(), Infinity);
    const buffer = buffers.open(episode(1));
    for (let count = 0; count < 3; count += 1) buffer.add(text('x'.repeat(BUFFER_CAPACITY_BYTES / 2)));
    expect(buffer.inspect()).toMatchObject({
      partsBuffered: 1,
      partsDropped: 2,
      isClosed: false,
      capacityBytes: 1048576,
    });
    expect(buffer.inspect().bytesBuffered).toBeLessThanOrEqual(BUFFER_CAPACITY_BYTES);
    buffer.close();
    buffer.add(text('late'));
    expect(buffer.inspect()).toMatchObject({ partsBuffered: 1, partsDropped: 2, isClosed: true });
  });

  test('finds no room when all buffers together are full, until others are forgotten', () => {
    const clock = manualClock();
    const buffers = new MessageBuffers(clock, 2 * BUFFER_CAPACITY_BYTES);
    const half = text('x'.repeat(BUFFER_CAPACITY_BYTES / 2));
    const [first, second] = [buffers.open(episode(1)), buffers.open(episode(2))];
    first.add(half);
    second.add(half);
    expect(buffers.isFull).toBe(true);
    const third = buffers.open(episode(3));
    third.add(half);
    third.add(half);
    expect(third.inspect()).toMatchObject({ partsBuffered: 1, partsDropped: 1 });
    first.close();
    clock.advance(15_001);
    buffers.sweep();
    third.close();
    expect(buffers.isFull).toBe(true);
    second.close();
    clock.advance(15_001);
    buffers.sweep();
    expect(buffers.isFull).toBe(false);
  });

  test('has no hole: once a part has found no room, none that comes later is kept', () => {
    const clock = manualClock();
    const buffers = new MessageBuffers(clock, 2 * BUFFER_CAPACITY_BYTES);
    const buffer = buffers.open(episode(1));
    buffer.add(text('x'.repeat(BUFFER_CAPACITY_BYTES - 200)));
    buffer.add(text('y'.repeat(200)));
    buffer.add(text('z'));
    expect(buffer.inspect()).toMatchObject({ partsBuffered: 1, partsDropped: 2 });
    buffer.close();
    const [other, late] = [buffers.open(episode(2)), buffers.open(episode(3))];
    other.add(text('x'.repeat(BUFFER_CAPACITY_BYTES - 200)));
    late.add(text('a'.repeat(1_000)));
    clock.advance(15_001);
    buffers.sweep(); // there is room again
    late.add(text('b'));
    expect(late.inspect()).toMatchObject({ partsBuffered: 0, partsDropped: 2 });
  });

  test('is forgotten 15 s after it was closed, and not while it is open or read', async () => {
    const clock = manualClock();
    const buffers = new MessageBuffers(clock, Infinity);
    const [open, closed] = [buffers.open(episode(1)), buffers.open(episode(2))];
    closed.close();
    clock.advance(14_999);
    buffers.sweep();
    expect(buffers.count).toBe(2);
    clock.advance(2);
    closed.subscribers = 1;
    buffers.sweep();
    expect(buffers.count).toBe(2);
    closed.subscribers = 0;
    buffers.sweep();
    expect(buffers.ofChat('c')).toEqual([open]);
    expect(buffers.count).toBe(1);
  });

  test('is read from its first part, and the reader goes on with the next episode until none can come', async () => {
    const buffers = new MessageBuffers(manualClock(), Infinity);
    let more = true;
    const first = buffers.open(episode(1));
    first.add(text('early'));
    const read: StreamEvent[] = [];
    const reading = (async () => {
      for await (const event of buffers.follow('c', () => more, new AbortController().signal)) {
        read.push(event);
        if (read.length === 2) first.add(text('live'));
        if (read.length === 3) first.close();
        if (read.length === 4) buffers.open(episode(2)).close();
        if (read.length === 6) {
          more = false;
          buffers.wake('c');
        }
      }
    })();
    await reading;
    expect(read).toEqual([
      { type: 'episode', historyVersion: 1, generationAttempt: 1 },
      { type: 'part', part: text('early') },
      { type: 'part', part: text('live') },
      { type: 'closed' },
      { type: 'episode', historyVersion: 1, generationAttempt: 2 },
      { type: 'closed' },
    ]);
    expect(first.subscribers).toBe(0);
  });
});
