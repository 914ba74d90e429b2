/** The moment that the page shows: now, which moves, or that of a photograph, which stands still. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { second } from '../data/clock.ts';

/** Milliseconds since 1970 of a photograph. Undefined: now. */
export const Moment = createContext<number | undefined>(undefined);

export function useMomentMs(): number {
  const still = useContext(Moment);
  return still ?? second.value;
}
