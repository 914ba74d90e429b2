/**
 * The console: what the gateway knows, looked at.
 *
 * - A page is a file in `pages/` with a default export, named in `PAGES` below, in `data/route.ts`, and in the gateway's
 *   `http/console.ts`, which serves it. It is loaded when it is first shown.
 * - Its questions stand in a `.graphql` file beside it. `npm run compose` makes `data/operations.ts` of them.
 * - `useLive` follows a subscription (one a page), `useAsk` asks a query, `useCommands` offers commands and keys,
 *   `useTitle` sets the title. State that a link should keep is in the address: `stateOf`, `setState`.
 * - Nothing makes markup of text, and no element has a `style` attribute in markup: the policy forbids both.
 */
import { effect, signal } from '@preact/signals';
import { type ComponentType, render } from 'preact';
import { beginRouting, linkTo, path, route } from './data/route.ts';
import { access, begin } from './data/session.ts';
import { beginKeys } from './parts/commands.ts';
import { Shell } from './parts/shell.tsx';
import { SignIn } from './parts/signIn.tsx';
import './styles/all.css';

type Page = ComponentType<{ readonly id: string }>;
type Loads = () => Promise<{ readonly default: Page }>;

/** Pages by the first part of the path, and by whether a second one names something. */
const PAGES: Readonly<Record<string, Loads>> = {
  '': () => import('./pages/fleet.tsx'),
  'chats/': () => import('./pages/chat.tsx'),
  replicas: () => import('./pages/replicas.tsx'),
  'replicas/': () => import('./pages/replica.tsx'),
  incidents: () => import('./pages/incidents.tsx'),
  'incidents/': () => import('./pages/incident.tsx'),
  actions: () => import('./pages/actions.tsx'),
  'actions/': () => import('./pages/plan.tsx'),
  keys: () => import('./pages/keys.tsx'),
};

const loaded = signal<{ readonly key: string; readonly page: Page } | undefined>(undefined);
/** Page that could not be loaded. */
const failed = signal<string | undefined>(undefined);

const keyOf = (parts: readonly string[]) => (parts.length > 1 ? `${parts[0]}/` : (parts[0] ?? ''));

/** Loads the page of the route. A file that is gone belongs to an older version: the page is loaded anew, once. */
async function load(key: string): Promise<void> {
  const loads = PAGES[key];
  if (!loads || loaded.value?.key === key) return;
  try {
    const { default: page } = await loads();
    if (failed.value === key) failed.value = undefined;
    if (keyOf(route.value.parts) === key) loaded.value = { key, page };
  } catch {
    failed.value = key;
  }
}

function App() {
  if (access.value.kind === 'closed') return <SignIn why={access.value.why} />;
  return <Shell>{access.value.kind === 'open' ? <Shown /> : null}</Shell>;
}

function Shown() {
  const { parts } = route.value;
  const key = keyOf(parts);
  const now = loaded.value;
  if (!PAGES[key]) {
    return (
      <p>
        There is no such page. <a href={linkTo('')}>The fleet</a> lists the chats.
      </p>
    );
  }
  if (failed.value === key) {
    return (
      <p class="old" role="alert">
        This page cannot be loaded. The gateway is away, or has a newer version.{' '}
        <button type="button" onClick={() => location.reload()}>
          Load it anew
        </button>
      </p>
    );
  }
  if (now?.key !== key) return <p class="none">Loading the page…</p>;
  const { page: Page } = now;
  return <Page key={path.value} id={parts[1] ?? ''} />;
}

// Browsers look for a relative icon again, at another place, when the address of the page changes.
const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
icon?.setAttribute('href', icon.href);
beginRouting();
beginKeys();
effect(() => {
  void load(keyOf(route.value.parts));
});
const root = document.querySelector('#console');
if (root) render(<App />, root);
void begin();
