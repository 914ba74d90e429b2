/**
 * Who is signed in: a token in this tab's sessionStorage, or the cookie of the platform, which the browser sends by
 * itself. A token is handed to other tabs of this address, and stands in no URL.
 */
import { batch, computed, signal } from '@preact/signals';
import { addressOf } from './address.ts';
import { after, nowMs } from './clock.ts';

/** Where the token is kept. GraphiQL keeps its token at the same place. */
const KEY = 'chat-debug-gateway:token';
/** Code of a link that signs in, as it stands in the address. */
const CODE = /^#code=([\w-]+)$/;
/** Milliseconds that a new tab waits for another one's token. */
const HANDED_MS = 150;
/** Milliseconds after which no answer to a code is waited for. A link is good for 60 s. */
const REDEEMED_MS = 15_000;

/** Claims of the token that the page shows. The gateway decides by itself. */
interface Claims {
  readonly sub: string;
  readonly roles: readonly string[];
  /** Seconds since 1970. */
  readonly exp?: number;
}

/** How far signing in has come. `open`: with a token or perhaps a cookie; the first answer tells. */
export type Access =
  | { readonly kind: 'starting' }
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly why: string };

export const token = signal('');
export const access = signal<Access>({ kind: 'starting' });

/** Claims of the token. Undefined: the cookie is used, or the token is no JWT. */
export const claims = computed((): Claims | undefined => claimsOf(token.value));

/** Name under which tabs of the same person share a stream. */
export const subject = computed((): string => claims.value?.sub ?? (token.value ? 'token' : 'cookie'));

export const hasRole = (role: string): boolean | undefined => claims.value?.roles.includes(role);

const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel('chat-debug-gateway:session') : undefined;

type Told = { readonly kind: 'want' } | { readonly kind: 'token'; readonly token: string } | { readonly kind: 'out' };
const tell = (told: Told) => channel?.postMessage(told);

/** Headers with which a question is sent. */
export const authorization = (): Record<string, string> =>
  token.value ? { authorization: `Bearer ${token.value}` } : {};

/** Finds the token: by the code in the address, in this tab, or from another tab. */
export async function begin(): Promise<void> {
  channel?.addEventListener('message', ({ data }: MessageEvent<Told>) => hear(data));
  window.addEventListener('hashchange', () => {
    if (CODE.test(location.hash)) location.reload(); // a link that was opened in a tab of the console loads nothing
  });
  const code = takeCode();
  if (code) {
    const why = await redeem(code);
    if (why !== undefined && !keep(stored())) access.value = { kind: 'closed', why };
    return;
  }
  if (keep(stored())) return;
  tell({ kind: 'want' });
  await new Promise<void>((resolve) => after(HANDED_MS, resolve));
  if (access.value.kind === 'starting') access.value = { kind: 'open' };
}

function hear(told: Told): void {
  if (told.kind === 'want' && token.value && access.value.kind === 'open') tell({ kind: 'token', token: token.value });
  if (told.kind === 'token' && !token.value) keep(told.token);
  if (told.kind === 'out') forget('You have signed out in another tab.');
}

/** Takes the code out of the address, which no longer has it afterwards. */
function takeCode(): string | undefined {
  const code = CODE.exec(location.hash)?.[1];
  if (code) history.replaceState(history.state, '', `${location.pathname}${location.search}`);
  return code;
}

const NO_ANSWER = `The gateway has not answered the link within ${REDEEMED_MS / 1_000} s.`;
const ANOTHER_LINK = 'print another link with `npm run token -- --link`, or paste a token here';

/** @returns reason why the code does not sign in. Undefined: it does */
async function redeem(code: string): Promise<string | undefined> {
  const ending = new AbortController();
  const endLimit = after(REDEEMED_MS, () => ending.abort());
  const response = await fetch(addressOf('signin'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
    cache: 'no-store',
    signal: ending.signal,
  }).catch(() => undefined);
  const body: unknown = await response?.json().catch(() => undefined);
  endLimit();
  if (ending.signal.aborted) return `${NO_ANSWER} Look whether the gateway is well, and ${ANOTHER_LINK}.`;
  if (!response) return `The gateway cannot be reached. Once it runs, ${ANOTHER_LINK}.`;
  const { token: found, errors } = (body ?? {}) as { token?: unknown; errors?: { message?: unknown }[] };
  if (typeof found === 'string' && keep(found)) {
    tell({ kind: 'token', token: found });
    return undefined;
  }
  return String(errors?.[0]?.message ?? `The gateway answers with HTTP status ${response.status}.`);
}

/** Takes a token as people paste it. @returns false if it is none */
export function keep(text: string): boolean {
  const cleaned = text.replace(/^\s*(authorization:)?\s*bearer\s/i, '').replace(/\s/g, '');
  if (!/^[\x21-\x7e]+$/.test(cleaned)) return false;
  store(cleaned);
  batch(() => {
    token.value = cleaned;
    access.value = { kind: 'open' };
  });
  return true;
}

function stored(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

/** @param text empty: forgets what was there */
function store(text: string): void {
  try {
    if (text) sessionStorage.setItem(KEY, text);
    else sessionStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing for pages holds the token until the page is closed.
  }
}

/** Hands a token that the gateway has taken to the other tabs. */
export const share = (): void => {
  if (token.value) tell({ kind: 'token', token: token.value });
};

/**
 * Notes that the gateway refuses the caller.
 * @param asked token that was refused; a late refusal says nothing of a token that has come since
 */
export function refused(message: string, asked: string): void {
  if (access.value.kind === 'closed' || asked !== token.value) return;
  const had = token.value !== '';
  const isOld = claims.value?.exp !== undefined && claims.value.exp * 1_000 < nowMs();
  forget(isOld ? 'The token has run out.' : had ? `The gateway refuses this token. ${message}` : '');
}

function forget(why: string): void {
  store('');
  batch(() => {
    token.value = '';
    access.value = { kind: 'closed', why };
  });
}

/** Signs out here and in the other tabs. */
export function signOut(): void {
  forget('You have signed out.');
  tell({ kind: 'out' });
}

function claimsOf(text: string): Claims | undefined {
  try {
    const part = (text.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const { sub, roles, exp } = JSON.parse(atob(part)) as Record<string, unknown>;
    if (typeof sub !== 'string') return undefined;
    const known = Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
    return { sub, roles: known, ...(typeof exp === 'number' && { exp }) };
  } catch {
    return undefined;
  }
}
