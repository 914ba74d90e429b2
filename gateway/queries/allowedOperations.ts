/**
 * The list of operations that a gateway answers, if it is given one: a persisted query manifest of Apollo's tools.
 * Its `format` is `apollo-persisted-query-manifest`, version 1. Nobody can add to it.
 * Clients send one of its documents to the letter, or its id as `extensions.persistedQuery.sha256Hash`.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getOperationAST, parse } from 'graphql';
import * as z from 'zod';
import { isObject } from '../../common/json.ts';
import { Refusal } from '../../server/graphql/answer.ts';
import type { Question } from '../../server/graphql/question.ts';
import { SettingsError } from '../../server/settings/config.ts';

const manifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z
    .array(
      z.object({
        id: z.string().min(1),
        name: z.string(),
        type: z.enum(['query', 'mutation', 'subscription']),
        body: z.string().min(1),
      }),
    )
    .min(1),
});

export interface AllowedOperations {
  /**
   * Listed document that is asked for. Refusals: FORBIDDEN for any other, BAD_USER_INPUT for one with another's hash.
   */
  bodyOf(question: Question): string | Refusal;
}

/** @throws SettingsError if the file cannot be read, or is no such manifest */
export function readAllowedOperations(path: string): AllowedOperations {
  const bodies = new Map<string, string>();
  for (const { id, name, type, body } of readManifest(path)) {
    checkBody(path, { name, type, body });
    bodies.set(id, body);
    bodies.set(sha256(body), body);
  }
  return {
    bodyOf: ({ query, extensions }) => {
      const persisted = extensions?.persistedQuery;
      const given = isObject(persisted) && typeof persisted.sha256Hash === 'string' ? persisted.sha256Hash : undefined;
      const id = query === undefined ? given : sha256(query);
      const body = id === undefined ? undefined : bodies.get(id);
      if (body === undefined) return notAllowed();
      if (given !== undefined && given !== id) return otherHash();
      return body;
    },
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function readManifest(path: string) {
  try {
    return manifest.parse(JSON.parse(readFileSync(path, 'utf8'))).operations;
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new SettingsError(`ALLOWED_OPERATIONS_PATH: ${path} is no persisted query manifest of version 1. ${reason}`);
  }
}

type Listed = Pick<z.output<typeof manifest>['operations'][number], 'name' | 'type' | 'body'>;

function checkBody(path: string, { name, type, body }: Listed): void {
  try {
    if (getOperationAST(parse(body))?.operation === type) return;
  } catch (error) {
    throw new SettingsError(`ALLOWED_OPERATIONS_PATH: in ${path} the body of ${name} cannot be parsed. ${error}`);
  }
  throw new SettingsError(`ALLOWED_OPERATIONS_PATH: in ${path} the body of ${name} is not one ${type}.`);
}

const otherHash = () =>
  new Refusal(
    400,
    'BAD_USER_INPUT',
    '`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query`. Send one of the two.',
  );

const notAllowed = () =>
  new Refusal(
    403,
    'FORBIDDEN',
    'This gateway answers only the operations on its list (ALLOWED_OPERATIONS_PATH), and this is none of them. Send one as it stands there, or its id as `extensions.persistedQuery`.',
  );
