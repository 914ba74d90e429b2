/** An operation as it is planned: by itself, asking subgraphs only, under names that no required field has. */
import {
  type DocumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  visit,
} from 'graphql';
import { fragmentsOf, ownDocument } from '../../server/graphql/fragments.ts';
import { fieldsWithin } from '../../server/graphql/selection.ts';
import type { PlanKey } from './planNames.ts';

/** Stands in for what is asked of the schema, so that no selection is empty. No subgraph is asked for it at the root. */
const NOTHING: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: TypeNameMetaFieldDef.name } };

/** `__schema` and `__type`: the planner takes them only where no fragment or condition stands around them. */
export const isOfSchema = ({ name }: FieldNode): boolean =>
  name.value === SchemaMetaFieldDef.name || name.value === TypeMetaFieldDef.name;

export function documentForPlan(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  planKey: PlanKey,
): DocumentNode {
  const asked = visit(withoutEmptySelections(document), {
    Field: (node) => (isOfSchema(node) ? NOTHING : under(planKey(node), node)),
    InlineFragment: {
      leave: ({ selectionSet }) =>
        selectionSet.selections.every((selection) => selection === NOTHING) ? NOTHING : undefined,
    },
  });
  return ownDocument(asked, operation);
}

/** The field under another key; undefined: it is that already. */
const under = (key: string, node: FieldNode): FieldNode | undefined =>
  key === (node.alias ?? node.name).value ? undefined : { ...node, alias: { kind: Kind.NAME, value: key } };

/**
 * Adds `__typename` to each object of which conditions may leave nothing. The planner puts the conditions of all that is below
 * an object around the object itself, and it would be null where it is empty.
 */
export function withoutEmptySelections(document: DocumentNode): DocumentNode {
  const fragments = fragmentsOf(document);
  const isUnconditional = ({ directives = [] }: SelectionNode) => directives.length === 0;
  const mayBeEmpty = (set: SelectionSetNode) => fieldsWithin([set], fragments, isUnconditional).length === 0;
  return visit(document, {
    Field: {
      leave: (node) => {
        const { selectionSet } = node;
        if (!selectionSet || !mayBeEmpty(selectionSet)) return undefined;
        return { ...node, selectionSet: { ...selectionSet, selections: [NOTHING, ...selectionSet.selections] } };
      },
    },
  });
}
