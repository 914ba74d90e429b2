/** All keys of the console. */

import { wishes } from '../data/wishes.ts';
import { KeyNames } from '../parts/keyNames.tsx';
import { useTitle } from '../parts/title.ts';

const GROUPS: readonly (readonly [title: string, keys: readonly (readonly [keys: string, what: string])[]])[] = [
  [
    'Everywhere',
    [
      ['Ctrl+K', 'commands, and any chat by its id'],
      ['?', 'this page'],
      ['p', 'pause: nothing moves; again to go on'],
      ['t', 'times of day in place of ages'],
      ['g f', 'Fleet'],
      ['g r', 'Replicas'],
      ['g i', 'Incidents'],
      ['g a', 'Actions'],
      ['g g', 'GraphiQL'],
    ],
  ],
  [
    'Fleet',
    [
      ['j k', 'next and previous chat'],
      ['Enter', 'open the chat'],
      ['/', 'search'],
      ['.', 'take in the chats that have come'],
      ['x', 'clear the filters'],
    ],
  ],
  [
    'Chat',
    [
      ['c', 'copy the text for a ticket'],
      ['y', 'copy the link'],
      ['v', 'open in GraphiQL'],
      ['e', 'ask every replica again'],
      ['a', 'to the actions'],
      ['+ −', 'zoom of the timeline'],
    ],
  ],
];

export default function Keys() {
  useTitle('Keys');
  return (
    <>
      <h1>Keys</h1>
      <p>
        <label>
          <input
            type="checkbox"
            checked={wishes.value.keys}
            onChange={({ currentTarget }) => {
              wishes.value = { ...wishes.value, keys: currentTarget.checked };
            }}
          />{' '}
          Single keys do something. Switch this off if you steer by voice; Ctrl K stays.
        </label>
      </p>
      <div class="columns">
        {GROUPS.map(([title, keys]) => (
          <section key={title}>
            <h2>{title}</h2>
            <dl class="pairs">
              {keys.map(([names, what]) => (
                <div key={names}>
                  <dt>
                    <KeyNames keys={names} />
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </>
  );
}
