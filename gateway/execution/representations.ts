/**
 * The representation that a fetch sends of each object, compiled from the plan once.
 * It holds the key, and what else the subgraph requires (Apollo Federation, "entity representations").
 */
import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import type { GraphQLSchema } from 'graphql';
import { isObject, type Json, ownValue, setOwn } from '../../common/json.ts';
import { mergeInto } from './merge.ts';
import { namesWithin } from './typeNames.ts';

/** Undefined: something that is required is not there. */
type Select = (object: Json) => Json | undefined;

/** Undefined for an object that the subgraph cannot be asked about: something required of it is not there. */
type Represent = (object: Json) => Json | undefined;

export function compileRepresentation(schema: GraphQLSchema, requires: readonly QueryPlanSelectionNode[]): Represent {
  const select = compileSelections(schema, requires);
  return (object) => {
    const representation = select(object);
    return representation?.__typename ? representation : undefined;
  };
}

/** Adds what one selection gives; false: what it selects is not there. */
type Add = (object: Json, result: Json) => boolean;

function compileSelections(schema: GraphQLSchema, selections: readonly QueryPlanSelectionNode[]): Select {
  const parts = selections.map((selection) => compileSelection(schema, selection));
  return (object) => {
    const result: Json = {};
    for (const add of parts) if (!add(object, result)) return undefined;
    return result;
  };
}

function compileSelection(schema: GraphQLSchema, selection: QueryPlanSelectionNode): Add {
  if (selection.kind === 'Field') {
    const key = selection.alias ?? selection.name;
    const below = selection.selections && compileSelections(schema, selection.selections);
    return (object, result) => {
      const value = ownValue(object, key);
      if (value === undefined) return false;
      setOwn(result, key, below ? selectBelow(value, below) : value);
      return true;
    };
  }
  const { typeCondition } = selection;
  if (typeCondition === undefined) return () => true;
  const names = namesWithin(schema, typeCondition);
  const select = compileSelections(schema, selection.selections);
  return (object, result) => {
    if (typeof object.__typename !== 'string' || !names.has(object.__typename)) return true;
    const selected = select(object);
    if (selected) mergeInto(result, selected);
    return true;
  };
}

/** Null for what is null, and for an object that lacks something. */
function selectBelow(value: unknown, select: Select): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => selectBelow(element, select));
  return isObject(value) ? (select(value) ?? null) : null;
}
