/** A chat as text for a ticket. Pure. It holds no title and no words of errors. */
import type { WholeChat } from './operations.ts';

export function ticketText(
  { chatId, executionState, database, diagnosis }: WholeChat,
  link: string,
  atMs: number,
): string {
  const lines = [
    `${diagnosis.verdict}  chat ${chatId}, state ${executionState}`,
    '',
    diagnosis.summary,
    '',
    ...diagnosis.findings.flatMap(({ code, severity, message, suggestion }) => [
      `${severity}  ${code}`,
      `  ${message}`,
      ...(suggestion ? [`  Do: ${suggestion}`] : []),
    ]),
    '',
    `Owner: ${database.workerId ?? 'none'}   runner: ${database.runnerId ?? 'none'}   version: ${database.snapshotVersion}`,
    `The two halves: ${diagnosis.consistency}`,
    `Seen: ${new Date(atMs).toISOString()}`,
    link,
  ];
  return `${lines.join('\n')}\n`;
}
