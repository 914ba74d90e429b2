/** Queries by text and operation name, each prepared once and kept as long as it is used. */
import { type DocumentNode, Kind, type OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Refusal } from './answer.ts';

interface PreparedQueriesOptions<P> {
  /** Characters of all texts that are kept. */
  readonly maxCharacters: number;
  /** Characters that a text counts beside its own. */
  readonly moreCharacters?: number;
  /** Parses a new text; undefined: it is no GraphQL, or not of this schema. That, and refused texts, are not kept. */
  readonly read: (text: string) => DocumentNode | Refusal | undefined;
  /** Prepares one operation of a new text. */
  readonly prepare: (document: DocumentNode, operation: OperationDefinitionNode) => P;
}

/** @returns finds a prepared query; undefined: no single operation is meant, or the text cannot be understood */
export function makePreparedQueries<P>({
  maxCharacters,
  moreCharacters = 0,
  read,
  prepare,
}: PreparedQueriesOptions<P>) {
  type Operation = readonly [name: string | undefined, prepared: P];
  const known = new LRUCache<string, readonly Operation[]>({
    maxSize: maxCharacters,
    sizeCalculation: (_operations, text) => text.length + moreCharacters,
  });
  return (text: string, operationName?: string | null): P | Refusal | undefined => {
    let operations = known.get(text);
    if (!operations) {
      const document = read(text);
      if (!document || !('kind' in document)) return document;
      operations = document.definitions.flatMap((node): Operation[] =>
        node.kind === Kind.OPERATION_DEFINITION ? [[node.name?.value, prepare(document, node)]] : [],
      );
      known.set(text, operations);
    }
    if (operationName !== undefined && operationName !== null) {
      return operations.find(([name]) => name === operationName)?.[1];
    }
    return operations.length === 1 ? operations[0]?.[1] : undefined;
  };
}
