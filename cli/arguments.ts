/** Checks of command-line arguments, for commander. */
import { InvalidArgumentError } from 'commander';
import { parseUuid } from '../common/scalars.ts';

/** @throws InvalidArgumentError unless it is a UUID; any case in, lower case out */
export function uuidArgument(value: string): string {
  const id = parseUuid(value);
  if (id === undefined) throw new InvalidArgumentError('It must be a UUID: 8-4-4-4-12 hexadecimal digits.');
  return id;
}
