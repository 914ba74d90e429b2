/** Photographs by their names in the address: `<incident>/<bundle>` for a stored one, `file/<place>` for an opened file. */
import { files, type Taken, takeStored } from '../data/bundles.ts';
import { IncidentBundles, type IncidentBundlesAnswer } from '../data/operations.ts';
import { type Asked, useAsk } from './live.ts';

export const fileSource = (place: number): string => `file/${place}`;

/** A photograph, or why there is none yet. */
export type Source = Taken | { readonly name: string; readonly isAsked: true };

/** @param text empty: none is asked for */
export function useSource(text: string): Source | undefined {
  const [owner = '', name = ''] = text.split('/');
  const isStored = owner !== '' && owner !== 'file';
  const asked = useAsk(IncidentBundles, { id: owner }, isStored ? owner : undefined);
  if (text === '') return undefined;
  if (isStored) return storedOf(asked, owner, name);
  return (
    files.value[Number(name)] ?? {
      name: 'The file',
      why: 'is no longer open: the page was loaded anew, or many others were opened since. Open it again.',
    }
  );
}

/** Photographs that were checked once, by the answer that they came with. */
const checked = new WeakMap<object, Taken>();

function storedOf({ data, problems, atMs }: Asked<IncidentBundlesAnswer>, incident: string, id: string): Source {
  const name = `Incident ${incident.slice(0, 8)}`;
  if (atMs === 0) return { name, isAsked: true };
  const bundles = data?.incident?.bundles;
  const found = bundles?.find((one) => one.id === id) ?? (id === '' ? bundles?.[0] : undefined);
  if (!found) return { name, why: problems[0]?.message ?? 'has no such bundle, or you may not read it.' };
  const taken = checked.get(found) ?? takeStored(name, found.bundle);
  checked.set(found, taken);
  return taken;
}
