/** Loaders that are made when they are first looked at. There are two dozen, and most operations need a few. */
import type { Logger } from '../../server/log.ts';
import type { Readable } from './access.ts';
import type { Reading } from './reading.ts';

/** The part of an operation that its loaders need. */
export interface Operation {
  readonly reading: Reading;
  readonly readable: Readable;
  readonly log: Logger;
}

/** How each member is made, out of the operation and the other members. */
export type Makers<M> = { readonly [K in keyof M]: (operation: Operation, members: M) => M[K] };

/** @returns makes the members of one operation, each when it is first looked at */
export function makeMembers<M extends object>(makers: Makers<M>): (operation: Operation) => M {
  class Members {
    readonly operation: Operation;

    constructor(operation: Operation) {
      this.operation = operation;
    }
  }
  for (const name of Object.keys(makers) as (keyof M)[]) {
    Object.defineProperty(Members.prototype, name, {
      get(this: Members & M) {
        const value = makers[name](this.operation, this);
        Object.defineProperty(this, name, { value });
        return value;
      },
    });
  }
  return (operation) => new Members(operation) as Members & M;
}
