/** What stands around every page: its head with the ways to go, and what is the same everywhere. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { addressOf } from '../data/address.ts';
import { go, linkTo, path } from '../data/route.ts';
import { claims, signOut, token } from '../data/session.ts';
import { wishes } from '../data/wishes.ts';
import { useCommands } from './commands.ts';
import { Freshness, OldMark, SkewMark, togglePaused } from './freshness.tsx';
import { shortId } from './id.tsx';
import { Notice } from './notice.tsx';
import { Palette, paletteIsOpen } from './palette.tsx';

/** Pages in the order of the head, with the second key that leads there. */
const WAYS = [
  { to: '', name: 'Fleet', key: 'f' },
  { to: 'replicas', name: 'Replicas', key: 'r' },
  { to: 'incidents', name: 'Incidents', key: 'i' },
  { to: 'actions', name: 'Actions', key: 'a' },
] as const;

const toggleAbsolute = () => {
  wishes.value = { ...wishes.value, absolute: !wishes.value.absolute };
};

export function Shell({ children }: { children: ComponentChildren }) {
  useCommands(
    [
      ...WAYS.map(({ to, name, key }) => ({ name: `Go to ${name}`, keys: `g ${key}`, run: () => go(linkTo(to)) })),
      { name: 'Show all keys', keys: '?', run: () => go(linkTo('keys')) },
      { name: 'Pause or go on', keys: 'p', run: togglePaused },
      { name: 'Show times or ages', keys: 't', run: toggleAbsolute },
      { name: 'Open GraphiQL', keys: 'g g', run: () => window.open(addressOf('graphiql')) },
      { name: 'Sign out', run: signOut },
    ],
    [],
  );
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      paletteIsOpen.value = !paletteIsOpen.value;
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  const here = path.value.split('/')[0] ?? '';
  const isHere = (to: string) => (to === '' ? here === '' || here === 'chats' : here === to);
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <header class="head">
        <nav aria-label="Pages">
          <span class="mark" aria-hidden="true">
            chat-debug
          </span>
          {WAYS.map(({ to, name }) => (
            <a key={to} href={linkTo(to)} {...(isHere(to) && { 'aria-current': 'page' })}>
              {name}
            </a>
          ))}
        </nav>
        <span class="rest">
          <Freshness />
          <button
            type="button"
            onClick={() => {
              paletteIsOpen.value = true;
            }}
          >
            Commands <kbd>Ctrl K</kbd>
          </button>
          <Who />
        </span>
      </header>
      <OldMark />
      <SkewMark />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Palette />
      <Notice />
    </>
  );
}

/** Who is signed in, and what they may. */
function Who() {
  const known = claims.value;
  const roles = known?.roles.map((role) => role.replace('chat-debug:', '')) ?? [];
  return (
    <span class="who">
      <button type="button" popovertarget="who">
        {known ? shortId(known.sub) : token.value ? 'token' : 'cookie'}
      </button>
      <div id="who" popover="auto">
        <p>
          {known ? (
            <>
              Signed in as <code>{known.sub}</code>
            </>
          ) : (
            'Signed in by the cookie of your platform.'
          )}
        </p>
        {known ? <p>{roles.length > 0 ? `Roles: ${roles.join(', ')}` : 'No roles: you see your own chats.'}</p> : null}
        <p>
          <a href={linkTo('keys')}>Keys</a> ·{' '}
          {/* biome-ignore lint/security/noBlankTarget: a page of our own, which gets the token of this tab only so */}
          <a href={addressOf('graphiql')} target="_blank" rel="opener">
            GraphiQL
          </a>{' '}
          ·{' '}
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        </p>
      </div>
    </span>
  );
}
