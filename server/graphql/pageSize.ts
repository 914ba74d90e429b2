/** Sizes of pages, the same for every list. */
import { clientError } from './errors.ts';

const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 100;

/** @throws GraphQLError `BAD_USER_INPUT` */
export function pageSize(first: number | null | undefined): number {
  const size = first ?? DEFAULT_PAGE;
  if (size >= 1 && size <= LARGEST_PAGE) return size;
  throw clientError('BAD_USER_INPUT', `\`first\` must be 1 to ${LARGEST_PAGE}. Received ${size}.`);
}
