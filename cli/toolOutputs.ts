/** Results of tools as a person types them: `CALL=OUTPUT`. */
import { InvalidArgumentError } from 'commander';
import type { ToolOutput } from '../domain/transitions.ts';
import type { OpenCall } from '../subgraphs/runtime/chatd/openCalls.ts';
import { printableLine } from './printable.ts';

const LONGEST_ID = 200;

/** Id of a call as a person sees and types it. A model may give any text. */
export const shownId = ({ toolCallId }: Pick<OpenCall, 'toolCallId'>): string => printableLine(toolCallId, LONGEST_ID);

/**
 * Splits each result at the id of an open call. The id may hold `=`, or letters that no terminal shows.
 * @throws InvalidArgumentError for a result without `=`
 */
export function parseToolOutputs(results: readonly string[], calls: readonly OpenCall[]): ToolOutput[] {
  return results.map((result) => {
    const named = calls
      .filter((call) => result.startsWith(`${shownId(call)}=`))
      .reduce<OpenCall | undefined>((a, b) => (a && shownId(a).length >= shownId(b).length ? a : b), undefined);
    if (named) {
      return { toolCallId: named.toolCallId, output: jsonOrText(result.slice(shownId(named).length + 1)) };
    }
    const [, toolCallId, output] = /^([^=]+)=([\s\S]*)$/.exec(result) ?? [];
    if (toolCallId === undefined || output === undefined) {
      throw new InvalidArgumentError(`A result is CALL=OUTPUT. Received ${JSON.stringify(result)}.`);
    }
    return { toolCallId, output: jsonOrText(output) };
  });
}

function jsonOrText(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return output;
  }
}
