/** A bundle without what names a person, a machine or a chat. Pure. */
import type { Bundle, Facts } from './format.ts';
import { judged } from './judge.ts';

/** Makes the pseudonym of an id: the same for the same id. */
export type Pseudonym = (id: string) => string;

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
/** Members with an id as their whole text. */
const IDS = /^(?:id|sub|.*Id)$/;
/** Members that name a machine or its place, or that a person or an operator may have worded. */
const DROPPED = new Set(['hostname', 'relayAddress', 'address', 'applicationName', 'processId', 'label']);

/** Copy of a bundle with pseudonyms for ids, also within texts, and with a diagnosis that names those. */
export function anonymized({ diagnosis, diagnosisEverywhere, ...facts }: Bundle, pseudonym: Pseudonym): Bundle {
  const named = (id: string) => pseudonym(id.toLowerCase());
  const without = (value: unknown, name: string): unknown => {
    if (DROPPED.has(name)) return null;
    if (typeof value === 'string') return IDS.test(name) ? named(value) : value.replace(UUID, named);
    if (Array.isArray(value)) return value.map((member) => without(member, name));
    return typeof value === 'object' && value !== null ? members(value) : value;
  };
  const members = (value: object) =>
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, without(member, name)]));
  return judged({ ...(members(facts) as Facts), anonymous: true });
}
