/**
 * Standard output of a command that takes no more. Without this the process ends with a stack and with 1, which is a
 * finding's code, or, after `console.log`, as if everything had been told.
 */
import { printable } from './printable.ts';

/**
 * Ends the process when its output can no longer be written. If its reader has gone, as `head` does, that is nobody's
 * trouble: the code is what the command has found, or 0 while it follows something. For all else it is 2, with a sentence.
 */
export function endWithOutput(): void {
  process.stderr.on('error', () => {}); // there is nowhere left to tell it
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    const why = error.code === 'ENOSPC' ? 'the disk is full' : (error.code ?? error.message);
    console.error(printable(`The answer cannot be written to standard output: ${why}.`));
    process.exit(2);
  });
}
