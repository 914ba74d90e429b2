/** What a request over HTTP asks for, read as Apollo Server will read it; what it will refuse anyway is nothing. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

const asked = z.object({
  query: z.string().optional().catch(undefined),
  operationName: z.string().optional().catch(undefined),
  variables: z.record(z.string(), z.unknown()).catch({}),
  extensions: z
    .object({ persistedQuery: z.object({ sha256Hash: z.string() }).optional().catch(undefined) })
    .catch({ persistedQuery: undefined }),
});

export type AskedQuery = z.output<typeof asked>;

/** The body of a POST, the URL's parameters otherwise. */
export function readAskedQuery(request: FastifyRequest): AskedQuery {
  if (request.method === 'POST') return asked.catch(asked.parse({})).parse(request.body);
  const parameters = new URL(request.url, 'http://gateway/').searchParams;
  const one = (name: string) =>
    parameters.getAll(name).length === 1 ? (parameters.get(name) ?? undefined) : undefined;
  return asked.parse({
    query: one('query'),
    operationName: one('operationName') || undefined,
    variables: fromJson(one('variables')),
    extensions: fromJson(one('extensions')),
  });
}

function fromJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
