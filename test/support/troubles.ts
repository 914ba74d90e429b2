/** The four troubles of the README and of the terminal's page, and what ends each. */
export interface Trouble {
  readonly what: string;
  readonly code: 'NO_PROGRESS' | 'OWNER_UNREACHABLE' | 'QUEUE_BLOCKED' | 'INVALID_STATE';
  /** Action that answers it, as the terminal names it. */
  readonly action: string;
  /** States before and after the action, as its record tells them. */
  readonly led: string;
  /** Verdict in the end. */
  readonly ends: string;
}

export const TROUBLES: readonly Trouble[] = [
  { what: 'a model that fell silent', code: 'NO_PROGRESS', action: 'interrupt', led: 'R0 → I0', ends: 'IDLE' },
  { what: 'an owner that was killed', code: 'OWNER_UNREACHABLE', action: 'release', led: 'R0 → R0', ends: 'IDLE' },
  { what: 'messages behind a failure', code: 'QUEUE_BLOCKED', action: 'retry', led: 'E1 → R1', ends: 'IDLE' },
  {
    ...{ what: 'a status that was edited by hand', code: 'INVALID_STATE', action: 'reconcile', led: 'INVALID → E0' },
    ends: 'FAILED', // until somebody goes on: the record and the error of the chat say why
  },
];
