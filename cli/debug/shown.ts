/** The outcome of a question: what is shown, and how the command ends. */
import type { Verdict } from '../../domain/diagnosis/diagnosis.ts';
import { type Answered, NoAnswer, type Problem } from './ask.ts';
import type { Page } from './layout.ts';

/** Exit code. 0: no trouble. 1: trouble. 2: not known, or the question could not be asked. */
type ExitCode = 0 | 1 | 2;

export interface Shown {
  /** Data of the answer, for `--json`. */
  readonly json: unknown;
  readonly problems: readonly Problem[];
  readonly code: ExitCode;
  readonly text: (page: Page) => string;
}

export function codeOf(verdict: Verdict): ExitCode {
  switch (verdict) {
    case 'FAILED':
    case 'STUCK':
      return 1;
    case 'UNKNOWN':
      return 2;
    case 'IDLE':
    case 'WORKING':
    case 'WAITING':
      return 0;
    default:
      return verdict satisfies never;
  }
}

/** Worst of several codes: known trouble goes before unknown. */
export const worstOf = (codes: readonly ExitCode[]): ExitCode =>
  codes.find((code) => code === 1) ?? codes.find((code) => code === 2) ?? 0;

/**
 * Throws for a null where the answer needs a value.
 * @throws NoAnswer always
 */
export function withoutAnswer({ problems: [first] }: Pick<Answered<unknown>, 'problems'>, otherwise: string): never {
  if (!first) throw new NoAnswer(otherwise, false);
  const code = first.extensions?.code;
  throw new NoAnswer(`${first.message}${code ? ` (${code})` : ''}`, code !== 'FORBIDDEN');
}

export const noSuchChat = (chatId: string): string =>
  `There is no chat ${chatId}, or it is not yours to read: the gateway does not tell the two apart.`;

/** Lines on problems, for the place below the answer. */
export const problemLines = (problems: readonly Problem[]): string[] =>
  problems.map(({ message, path, extensions }) => {
    const where = path ? `${path.join('.')}: ` : '';
    return `Not answered: ${where}${message}${extensions?.code ? ` (${extensions.code})` : ''}`;
  });
