/**
 * Execution as the GraphQL specification words it (October 2021, section 6), unhurried: the measure of the gateway's
 * answers.
 * Without the checks of "Value Completion" it is a subgraph that says whatever it likes.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
} from 'graphql';
import { getArgumentValues, getDirectiveValues } from 'graphql/execution/values.js';

/** An object that has fields. */
export interface Thing {
  readonly type: string;
}

export type Path = readonly (string | number)[];

/** @throws Error for a field error */
export type Resolve<T extends Thing> = (
  thing: T,
  field: GraphQLField<unknown, unknown>,
  args: Readonly<Record<string, unknown>>,
) => unknown;

interface Question<T extends Thing> {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly root: T;
  /** Unset: the schema's queries. */
  readonly rootType?: string;
  readonly isThing: (value: unknown) => value is T;
  readonly resolve: Resolve<T>;
  /** Unset: every value goes out as it is, and no null goes further up. */
  readonly isChecked: boolean;
}

export interface Answered {
  readonly data: unknown;
  readonly errors: { readonly message: string; readonly path: Path }[];
}

/** A null that may not be where it is. */
class Propagated extends Error {}

export function answerBySpecification<T extends Thing>(question: Question<T>): Answered {
  const { schema, document, variables: given, isThing, resolve, isChecked } = question;
  const errors: Answered['errors'] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) operation = definition;
  }
  if (!operation) throw new Error('It has no operation');
  const variables = withDefaults(operation, given);

  /** 6.3.2 Field Collection. */
  const collect = (type: GraphQLObjectType, set: SelectionSetNode, fields = new Map<string, FieldNode[]>()) => {
    for (const selection of set.selections) {
      if (getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if === true) continue;
      if (getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if === false) continue;
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        fields.set(key, [...(fields.get(key) ?? []), selection]);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
      if (fragment && applies(type, fragment.typeCondition)) collect(type, fragment.selectionSet, fields);
    }
    return fields;
  };
  const applies = (type: GraphQLObjectType, condition: FragmentDefinitionNode['typeCondition'] | undefined) => {
    if (!condition) return true;
    const on = typeFromAST(schema, condition);
    return on === type || (isAbstractType(on) && schema.isSubType(on, type));
  };

  /** 6.4.4 Handling Field Errors. */
  const failed = (message: string, path: Path) => {
    errors.push({ message, path });
    return null;
  };

  /** All are executed, also beside one that makes a null go further up: what one of them raises is told. */
  const each = <K>(parts: readonly K[], run: (part: K) => unknown): unknown[] => {
    let isLost = false;
    const values = parts.map((part) => {
      try {
        return run(part);
      } catch (error) {
        if (!(error instanceof Propagated)) throw error;
        isLost = true;
        return null;
      }
    });
    if (isLost) throw new Propagated();
    return values;
  };

  const select = (thing: T, type: GraphQLObjectType, fields: Map<string, FieldNode[]>, path: Path) => {
    const known = [...fields].flatMap(([key, nodes]) => {
      const [node] = nodes;
      const field = node && type.getFields()[node.name.value];
      return node && (field || node.name.value === '__typename') ? [{ key, nodes, node, field }] : [];
    });
    const values = each(known, ({ key, nodes, node, field }) => {
      if (!field) return thing.type;
      const at = [...path, key];
      return nullable(field, at, () => complete(field.type, nodes, resolved(thing, field, node), at));
    });
    return Object.fromEntries(known.map(({ key }, i) => [key, values[i]]));
  };
  const resolved = (thing: T, field: GraphQLField<unknown, unknown>, node: FieldNode) =>
    resolve(thing, field, getArgumentValues(field, node, variables));

  const nullable = (field: { readonly type: GraphQLOutputType }, path: Path, run: () => unknown): unknown => {
    const isNonNull = isChecked && isNonNullType(field.type);
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Propagated)) failed(String(error instanceof Error ? error.message : error), path);
      if (isNonNull) throw new Propagated();
      return null;
    }
  };

  /** 6.4.3 Value Completion. */
  const complete = (type: GraphQLOutputType, nodes: readonly FieldNode[], value: unknown, path: Path): unknown => {
    if (!isChecked) return asItIs(nodes, value, path);
    if (isNonNullType(type)) {
      const completed = complete(type.ofType, nodes, value, path);
      if (completed === null) throw new Error('Null for what may not be null');
      return completed;
    }
    if (value === null || value === undefined) return null;
    if (isListType(type)) {
      if (!Array.isArray(value)) throw new Error('No list');
      const of = { type: type.ofType };
      return each([...value.entries()], ([i, element]) =>
        nullable(of, [...path, i], () => complete(type.ofType, nodes, element, [...path, i])),
      );
    }
    if (isLeafType(type)) {
      if (isLeaf(type.name, isEnumType(type) ? type.getValues().map(({ name }) => name) : undefined, value))
        return value;
      throw new Error(`No ${type.name}`);
    }
    const actual = isThing(value) ? schema.getType(value.type) : undefined;
    if (!isThing(value) || !isObjectType(actual)) throw new Error('No object');
    if (actual !== type && !(isAbstractType(type) && schema.isSubType(type, actual))) throw new Error('Another type');
    return selectBelow(value, actual, nodes, path);
  };

  const asItIs = (nodes: readonly FieldNode[], value: unknown, path: Path): unknown => {
    if (Array.isArray(value)) return value.map((element, i) => asItIs(nodes, element, [...path, i]));
    if (!isThing(value)) return value ?? null;
    const type = schema.getType(value.type);
    return isObjectType(type) ? selectBelow(value, type, nodes, path) : { __typename: value.type };
  };

  const selectBelow = (thing: T, type: GraphQLObjectType, nodes: readonly FieldNode[], path: Path) => {
    const fields = new Map<string, FieldNode[]>();
    for (const { selectionSet } of nodes) if (selectionSet) collect(type, selectionSet, fields);
    return select(thing, type, fields, path);
  };

  const root = schema.getType(question.rootType ?? 'Query');
  if (!isObjectType(root)) throw new Error('It has no such root');
  try {
    return { data: select(question.root, root, collect(root, operation.selectionSet), []), errors };
  } catch (error) {
    if (!(error instanceof Propagated)) throw error;
    return { data: null, errors };
  }
}

function withDefaults({ variableDefinitions = [] }: OperationDefinitionNode, given: Readonly<Record<string, unknown>>) {
  const defaults = variableDefinitions.flatMap(({ variable, defaultValue }) =>
    defaultValue && 'value' in defaultValue ? [[variable.name.value, defaultValue.value] as const] : [],
  );
  return { ...Object.fromEntries(defaults), ...given };
}

/** 3.5 Scalars and 3.9 Enums, "Result Coercion". No value is made another: that is allowed, and not done here. */
function isLeaf(name: string, values: readonly string[] | undefined, value: unknown): boolean {
  if (values) return values.includes(value as string);
  switch (name) {
    case 'Int':
      return Number.isInteger(value) && Math.abs(Number(value) + 0.5) < 2 ** 31;
    case 'Float':
      return Number.isFinite(value);
    case 'Boolean':
      return typeof value === 'boolean';
    case 'String':
      return typeof value === 'string';
    case 'ID':
      return typeof value === 'string' || Number.isInteger(value);
    default:
      return true;
  }
}
