/** Signing in by a token, where no link and no cookie did. */
import { useState } from 'preact/hooks';
import { addressOf } from '../data/address.ts';
import { type Access, access, keep } from '../data/session.ts';

export function SignIn({ why }: { why: string }) {
  const [problem, setProblem] = useState('');
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem('token') as HTMLInputElement;
    if (!keep(field.value)) setProblem('This is not a token: it is empty, or holds characters that no token has.');
  };
  return (
    <main class="signin" id="content">
      <h1>Sign in</h1>
      {why ? (
        <p class="old" role="alert">
          {why}
        </p>
      ) : null}
      <form onSubmit={onSubmit}>
        <label for="token">Token</label>
        <input
          id="token"
          name="token"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="eyJ…"
          aria-describedby="token-help"
        />
        <button type="submit">Sign in</button>
      </form>
      {problem ? (
        <p role="alert" class="bad">
          {problem}
        </p>
      ) : null}
      <ul id="token-help">
        <li>
          <code>npm start</code> prints a link that signs in. It is good once, for a minute.
        </li>
        <li>
          <code>npm run token -- --link</code> prints another one, while that system runs.
        </li>
        <li>
          Elsewhere, paste a token of your platform. It is kept until this browser tab is closed, and handed to your
          other tabs of this page.
        </li>
        <li>
          If your platform sets the cookie <code>coder_session_token</code>, sign in there, and{' '}
          <button type="button" onClick={useCookie}>
            try again with the cookie
          </button>
          .
        </li>
      </ul>
      <p>
        <a href={addressOf('graphiql')}>GraphiQL</a> asks for a token as well.
      </p>
    </main>
  );
}

const useCookie = () => {
  access.value = { kind: 'open' } satisfies Access;
};
