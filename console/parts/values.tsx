/** Every other value of both halves, by its path: what evidence leads to, and what no other part shows. */
import { fieldsOf, textOf } from '../data/fields.ts';
import type { WholeChat } from '../data/operations.ts';
import { comparedPaths } from './halves.tsx';

export function Values({ chat }: { chat: WholeChat }) {
  const shown = comparedPaths(chat);
  const sides = [
    { name: 'Row', fields: fieldsOf(chat.database, 'database') },
    { name: 'Memory of the owner', fields: fieldsOf(chat.runtime, 'runtime') },
    { name: 'Owners before', fields: fieldsOf(chat.recentOwners, 'recentOwners') },
  ];
  return (
    <section aria-labelledby="values">
      <h2 id="values">Every value</h2>
      <div class="columns">
        {sides.map(({ name, fields }) => (
          <details key={name}>
            <summary>
              {name} <span class="count">{fields.length}</span>
            </summary>
            <dl class="fields">
              {fields
                .filter(({ path }) => !shown.has(path))
                .map(({ path, value }) => (
                  <div key={path} id={path} tabIndex={-1} class="value">
                    <dt>{path}</dt>
                    <dd>{textOf(value)}</dd>
                  </div>
                ))}
            </dl>
          </details>
        ))}
      </div>
    </section>
  );
}
