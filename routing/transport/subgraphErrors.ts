/** The errors in a subgraph's answer. What is odd about one costs only that: neither the data beside it, nor other errors. */
import type { GraphQLFormattedError } from 'graphql';
import { isObject } from '../../common/json.ts';

/** Stands for what a subgraph does not say, or does not say as a text. */
const NO_MESSAGE = 'A subgraph gave an error without a message.';

/** @param errors as the answer has them; what is no list is one error */
export function readErrors(errors: unknown, most = Number.POSITIVE_INFINITY): GraphQLFormattedError[] {
  if (errors === undefined || errors === null) return [];
  const all: readonly unknown[] = Array.isArray(errors) ? errors.slice(0, most) : [errors];
  return all.map(readError);
}

function readError(error: unknown): GraphQLFormattedError {
  if (!isObject(error)) return { message: NO_MESSAGE };
  const { message, path, extensions } = error;
  return {
    message: typeof message === 'string' ? message : NO_MESSAGE,
    ...(isPath(path) && { path }),
    ...(isObject(extensions) && { extensions }),
  };
}

const isPath = (path: unknown): path is (string | number)[] =>
  Array.isArray(path) && path.every((step) => typeof step === 'string' || Number.isInteger(step));
