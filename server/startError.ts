/** A process cannot start for a reason that the person who started it can remove. The message says which, and how. */
export class StartError extends Error {
  override name: string = 'StartError';
}
