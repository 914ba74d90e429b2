/**
 * The rest of a query for an earlier version, without the fields that a later one added by `@since`. Pure.
 * An earlier version refuses a whole query for a single unknown field. No type or field is known by name.
 */
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLField,
  type GraphQLSchema,
  isNonNullType,
  Kind,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** An argument of a directive as text, whatever its kind. */
export function argument(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((node) => node.name.value === name)?.value;
  if (value === undefined || !('value' in value)) return undefined;
  return String(value.value);
}

/** The first version with the field. Undefined: every version has it, or it cannot be null in place of an answer. */
export function sinceOf(field: GraphQLField<unknown, unknown> | null | undefined): string | undefined {
  const since = field?.astNode?.directives?.find(({ name }) => name.value === 'since');
  return since && field && !isNonNullType(field.type) ? argument(since, 'version') : undefined;
}

/**
 * Query without the fields that are newer than a version; undefined: it selects none.
 * A version that cannot be compared, or is not older than any field, lacks all of them: the replica has refused,
 * whatever its number.
 */
export function queryFor(schema: GraphQLSchema, query: string, version: string | undefined): string | undefined {
  const document = parse(query, { noLocation: true });
  const lacking = without(schema, document, (since) => version === undefined || isOlder(version, since));
  return lacking ?? without(schema, document, () => true);
}

/** Compares by semantic versioning: `0.2.0-rc.1` is older than `0.2.0`. Any other text is older than all. */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [numbersOf(version), numbersOf(than)];
  if (!a || !b) return true;
  const i = a.findIndex((number, place) => number !== b[place]);
  return i >= 0 && (a[i] ?? 0) < (b[i] ?? 0);
}

/** Major, minor, patch, and 0 for what comes before the release, else 1. */
function numbersOf(version: string): number[] | undefined {
  const [, major, minor, patch, before] = /^v?(\d+)\.(\d+)\.(\d+)(-)?/.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch), before ? 0 : 1];
}

function without(schema: GraphQLSchema, document: DocumentNode, lacks: (since: string) => boolean): string | undefined {
  const types = new TypeInfo(schema);
  let isLess = false;
  const edited: DocumentNode = visit(
    document,
    visitWithTypeInfo(types, {
      Field: () => {
        const since = sinceOf(types.getFieldDef());
        if (since === undefined || !lacks(since)) return undefined;
        isLess = true;
        return null;
      },
      SelectionSet: {
        leave: (set): SelectionSetNode | undefined =>
          set.selections.length === 0 ? { ...set, selections: [TYPENAME] } : undefined,
      },
    }),
  );
  return isLess ? print(withoutUnused(edited)) : undefined;
}

/** Stands in for a selection of which nothing is left. */
const TYPENAME: SelectionNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/** A document with fragments or variables that its one operation does not use is not valid. */
function withoutUnused(document: DocumentNode): DocumentNode {
  const [needed = document, ...others] = Object.values(separateOperations(document));
  if (others.length > 0) return document;
  const used = new Set<string>();
  visit(needed, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void used.add(name.value),
  });
  return visit(needed, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
  });
}
