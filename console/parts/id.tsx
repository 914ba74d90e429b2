/** Ids: short to read, whole in the title, and copied by a button beside them. */
import { linkTo } from '../data/route.ts';
import { copy } from './notice.tsx';

export const shortId = (id: string): string => id.slice(0, 8);

/** Page that an id leads to. */
const PAGES = { chat: 'chats', replica: 'replicas', incident: 'incidents' } as const;

interface IdProps {
  readonly id: string | null | undefined;
  readonly of?: keyof typeof PAGES;
  /** Name to show in place of the beginning of the id. */
  readonly name?: string | undefined;
  /** True: the whole id is shown. */
  readonly whole?: boolean;
  /** True: there is no button that copies it. */
  readonly bare?: boolean;
}

export function Id({ id, of, name, whole = false, bare = false }: IdProps) {
  if (!id) return <span class="none">none</span>;
  const text = name ?? (whole ? id : shortId(id));
  return (
    <span class="id">
      {of ? (
        <a href={linkTo(`${PAGES[of]}/${id}`)} title={id}>
          {text}
        </a>
      ) : (
        <span title={id}>{text}</span>
      )}
      {bare ? null : (
        <button
          type="button"
          class="copy"
          aria-label={`Copy ${id}`}
          title="Copy the whole id"
          onClick={() => copy('The id', id)}
        >
          <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M5 1h9v10h-2V3H5zM2 5h8v10H2zm1.500 1.500v7h5v-7z" fill-rule="evenodd" />
          </svg>
        </button>
      )}
    </span>
  );
}
