/**
 * Protection against cross-site request forgery: a browser sends cookies also with requests that another site's page
 * makes.
 * So a request known by its cookie must show that no foreign form, image or link made it.
 * Proof is a header that such a page may send only after asking (Fetch standard, "CORS-preflight request").
 * Other proof is the browser's word on where the request comes from.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from '../../server/graphql/answer.ts';

/** Apollo's names for headers that only say that the request needed asking for. */
const ASKED_FOR = ['apollo-require-preflight', 'x-apollo-operation-name'];
/** Values of Fetch Metadata for a page of ours, or a person who typed the address. */
const OWN_SITES = ['same-origin', 'none'];

/** Refuses a request that a page of another site sent. Undefined: none did, as far as the browser says. */
export function refuseForeignPage(
  { origin, host }: IncomingHttpHeaders,
  corsOrigins: readonly string[],
): Refusal | undefined {
  if (origin === undefined || corsOrigins.includes(origin) || hostOf(origin) === host) return undefined;
  return forbidden('The page that sent this is of another site, which CORS_ORIGINS does not name.');
}

/** Refuses a request with a cookie that another site may have caused. Undefined: it need not be refused. */
export function refuseCrossSite(headers: IncomingHttpHeaders, corsOrigins: readonly string[]): Refusal | undefined {
  const { 'sec-fetch-site': site } = headers;
  const foreign = refuseForeignPage(headers, corsOrigins);
  if (foreign) return foreign;
  const isJson = /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
  const wasAskedFor = isJson || ASKED_FOR.some((name) => headers[name]);
  if (wasAskedFor || OWN_SITES.includes(String(site))) return undefined;
  return forbidden(
    'With a cookie alone this could be the doing of another site: send the body as `content-type: application/json`, or any value in the header `Apollo-Require-Preflight`.',
  );
}

/** Host without the scheme: behind a proxy that ends TLS it is another one than ours. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

const forbidden = (message: string) => new Refusal(403, 'FORBIDDEN', message);
