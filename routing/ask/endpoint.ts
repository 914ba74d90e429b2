/** The endpoints at a relay address. */
import { LRUCache } from 'lru-cache';

/** Limit for the endpoints that are remembered: those of as many addresses as the replica table lists at once. */
const MAX_ENDPOINTS = 3_000;

const endpoints = new LRUCache<string, URL | string>({ max: MAX_ENDPOINTS });

/** The path under the relay address, whose own path and query string are kept; or what is wrong with the address. */
export function endpointAt(address: string, path = 'graphql'): URL | string {
  const name = `${path} ${address}`;
  const known = endpoints.get(name);
  if (known !== undefined) return known;
  const endpoint = readAddress(address, path);
  endpoints.set(name, endpoint);
  return endpoint;
}

function readAddress(address: string, path: string): URL | string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    return 'What the replica table gives as its address is no http or https URL.';
  }
  if (url.username !== '' || url.password !== '') {
    return 'What the replica table gives as its address holds a user name or a password.';
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url;
}
