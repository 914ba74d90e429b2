/** The GraphQL endpoint at a relay address. */
import { LRUCache } from 'lru-cache';

/** Limit for the relay addresses that are remembered: as many as the replica table lists at once. */
const MAX_ENDPOINTS = 1_000;

const endpoints = new LRUCache<string, URL | string>({ max: MAX_ENDPOINTS });

/** `graphql` under the relay address, whose path and query string are kept; or what is wrong with the address. */
export function endpointAt(address: string): URL | string {
  const known = endpoints.get(address);
  if (known !== undefined) return known;
  const endpoint = readAddress(address);
  endpoints.set(address, endpoint);
  return endpoint;
}

function readAddress(address: string): URL | string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    return 'What the replica table gives as its address is no http or https URL.';
  }
  if (url.username !== '' || url.password !== '') {
    return 'What the replica table gives as its address holds a user name or a password.';
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/graphql`;
  return url;
}
