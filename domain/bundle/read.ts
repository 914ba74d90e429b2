/** Reads the text of a bundle. Pure. */
import { type Bundle, bundle, FORMAT } from './format.ts';

/** Bytes of the largest file that is read. */
export const MOST_BYTES = 5_000_000;

/** Error where a file is no bundle that this version reads. Its message is the predicate of a sentence on the file. */
export class NoBundle extends Error {
  override name = 'NoBundle';
}

const FAMILY = /^chat-debug-bundle\/(\d+)$/;

/** @throws NoBundle */
export function readBundle(text: string): Bundle {
  const value = parsed(text.replace(/^\ufeff/, '').trim());
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (format !== FORMAT) throw new NoBundle(otherFormat(format));
  const read = bundle.safeParse(value);
  if (!read.success) throw new NoBundle('has the format of a bundle, but no chat in it: `snapshot.chatId` is missing.');
  return read.data;
}

function parsed(text: string): unknown {
  if (text === '') throw new NoBundle('is empty.');
  try {
    return JSON.parse(text);
  } catch {
    const isCut = text.startsWith('{') && !text.endsWith('}');
    throw new NoBundle(
      isCut ? 'is cut off: it begins like a bundle and does not end like one. Copy it again.' : 'is not JSON.',
    );
  }
}

function otherFormat(format: unknown): string {
  const [, version] = (typeof format === 'string' && FAMILY.exec(format)) || [];
  if (version === undefined) return `is JSON, but no bundle: its member \`format\` is not \`${FORMAT}\`.`;
  return `is a bundle of version ${Number(version)}, and version 1 alone is read here. Read it with the version of this program that made it, or a newer one.`;
}
