/** The page that is shown and its state, both in the address. */
import { computed, signal } from '@preact/signals';
import { addressOf, base } from './address.ts';

interface Route {
  /** Path below the gateway's address, in parts: `['chats', '<id>']`; empty for the first page. */
  readonly parts: readonly string[];
  readonly state: URLSearchParams;
}

const read = (): Route => ({
  parts: location.pathname.slice(base.pathname.length).split('/').filter(Boolean).map(decoded),
  state: new URLSearchParams(location.search),
});

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal(read());

/** One value of the state; empty: not set. */
export const stateOf = (name: string): string => route.value.state.get(name) ?? '';
export const path = computed(() => route.value.parts.join('/'));

/** Path and state as text that a link may have. */
export function linkTo(to: string, state: Readonly<Record<string, string | undefined>> = {}): string {
  const kept = Object.entries(state).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(kept).toString();
  return addressOf(search ? `${to}?${search}` : to || '.');
}

/** Goes to another page, or to another state of this one. */
export function go(href: string, { replaces = false } = {}): void {
  if (href === location.href) return;
  if (replaces) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  route.value = read();
  if (!replaces) scrollTo(0, 0);
}

/** Changes values of this page's state. Empty ones are taken out. The way back skips the change. */
export function setState(changes: Readonly<Record<string, string>>): void {
  const state = Object.fromEntries(route.value.state);
  go(linkTo(path.value, { ...state, ...changes }), { replaces: true });
}

/** Follows links of the console without loading it anew. Other links and other mouse keys are the browser's. */
export function beginRouting(): void {
  window.addEventListener('popstate', () => {
    route.value = read();
  });
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!link.href.startsWith(base.href) || !isPage(new URL(link.href))) return;
    const isHere = link.hash && link.href.split('#')[0] === location.href.split('#')[0];
    if (isHere) return;
    event.preventDefault();
    go(link.href);
  });
}

const PAGES = ['', 'chats', 'replicas', 'incidents', 'actions', 'keys'];
const isPage = ({ pathname }: URL) => PAGES.includes(pathname.slice(base.pathname.length).split('/')[0] ?? '');
