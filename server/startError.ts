/**
 * Error that keeps a process from starting and that the person who started it can remove. Its message says which, and
 * how.
 */
export class StartError extends Error {
  override name: string = 'StartError';
}
