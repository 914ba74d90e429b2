/** Checks of command-line arguments, for commander. Each throws InvalidArgumentError with what is expected. */
import { InvalidArgumentError } from 'commander';
import { parseUuid } from '../common/uuid.ts';

/** Reads a UUID of any case, and returns it in lower case. */
export function uuidArgument(value: string): string {
  const id = parseUuid(value);
  if (id === undefined) throw new InvalidArgumentError('It must be a UUID: 8-4-4-4-12 hexadecimal digits.');
  return id;
}

/** Reads the number of a row, any int8, as text: it may be larger than a JavaScript number holds. */
export function rowIdArgument(value: string): string {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(value) || BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) {
    throw new InvalidArgumentError('It must be the number of a row.');
  }
  return value;
}

export function textArgument(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('The message is empty.');
  return value;
}
