/** `CALL=OUTPUT`, as a person types the result of a tool. */
import { InvalidArgumentError } from 'commander';
import type { ToolOutput } from '../subgraphs/runtime/chatd/transitions.ts';

/** @throws InvalidArgumentError for one without `=` */
export function parseToolOutputs(results: readonly string[]): ToolOutput[] {
  return results.map((result) => {
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
