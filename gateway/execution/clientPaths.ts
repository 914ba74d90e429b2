/** Where in the response something is that stands, under the plan's keys, in what was gathered. */
import type { DocumentNode, OperationDefinitionNode, SelectionSetNode } from 'graphql';
import { fragmentsOf } from '../../server/graphql/fragments.ts';
import { fieldsWithin } from '../../server/graphql/selection.ts';
import type { PlanKey } from './planNames.ts';
import type { ResponsePath } from './targets.ts';

interface ClientPath {
  /** Path under the client's keys as far as it asked for that, and from there on under the plan's. */
  readonly path: ResponsePath;
  /** Number of steps that the client asked for; only a plan required what is below. */
  readonly asked: number;
}

/** Selection at a place, under the plan's keys. */
interface Place {
  readonly key: string;
  readonly sets: readonly SelectionSetNode[];
  /** Places that were looked for and found, by key. */
  readonly below: Map<string, Place>;
}

/** Looks only where errors are. */
export function makeClientPaths(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  planKey: PlanKey,
): (path: ResponsePath) => ClientPath {
  const fragments = fragmentsOf(document);
  const root: Place = { key: '', sets: [operation.selectionSet], below: new Map() };

  const placeBelow = ({ sets, below }: Place, key: string): Place | undefined => {
    const known = below.get(key);
    if (known) return known;
    const fields = fieldsWithin(sets, fragments).filter((field) => planKey(field) === key);
    const [field] = fields;
    if (!field) return undefined;
    const found: Place = {
      key: (field.alias ?? field.name).value,
      sets: fields.flatMap(({ selectionSet }) => selectionSet ?? []),
      below: new Map(),
    };
    below.set(key, found);
    return found;
  };

  return (path) => {
    const asked: (string | number)[] = [];
    let place: Place | undefined = root;
    for (const step of path) {
      if (typeof step === 'string') {
        place = placeBelow(place, step);
        if (!place) break;
      }
      asked.push(typeof step === 'string' ? place.key : step);
    }
    return { path: [...asked, ...path.slice(asked.length)], asked: asked.length };
  };
}
