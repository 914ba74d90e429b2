/** Types of TypeScript for what an operation selects and takes. */
import type { GraphQLEnumType, GraphQLInputObjectType, GraphQLInputType, GraphQLOutputType, TypeNode } from 'graphql';
import {
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
} from 'graphql';

/** TypeScript types of the schema's own scalars, as JSON brings them. */
const SCALARS: Readonly<Record<string, string>> = {
  ...{ ID: 'string', String: 'string', Int: 'number', Float: 'number', Boolean: 'boolean' },
  ...{ UUID: 'string', DateTime: 'string', SafeInt: 'number', JSON: 'unknown' },
};

/** Fragments by their names. */
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** Types of TypeScript for selections, with the enums and inputs that they name. */
export class SelectionTypes {
  readonly enums = new Map<string, GraphQLEnumType>();
  readonly inputs = new Map<string, GraphQLInputObjectType>();
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;

  constructor(schema: GraphQLSchema, fragments: Fragments) {
    this.#schema = schema;
    this.#fragments = fragments;
  }

  answerOf({ operation, selectionSet }: OperationDefinitionNode): string {
    const root = this.#schema.getRootType(operation);
    if (!root) throw new Error(`The schema has no ${operation}.`);
    return this.#object(root.name, selectionSet);
  }

  /** Type of each fragment, by its name. */
  fragments(): [name: string, type: string][] {
    return [...this.#fragments.values()].map(({ name, typeCondition, selectionSet }) => [
      name.value,
      this.#object(typeCondition.name.value, selectionSet),
    ]);
  }

  variablesOf({ variableDefinitions = [] }: OperationDefinitionNode): string {
    const members = variableDefinitions.map(({ variable, type, defaultValue }) => {
      const mayLack = defaultValue !== undefined || type.kind !== Kind.NON_NULL_TYPE;
      return `readonly ${variable.name.value}${mayLack ? '?' : ''}: ${this.#input(this.#typeOf(type))}`;
    });
    return members.length > 0 ? `{ ${members.join('; ')} }` : 'Record<string, never>';
  }

  inputFields(type: GraphQLInputObjectType): string {
    const members = Object.values(type.getFields()).map(
      (field) => `readonly ${field.name}${isNonNullType(field.type) ? '' : '?'}: ${this.#input(field.type)}`,
    );
    return `{ ${members.join('; ')} }`;
  }

  #typeOf(node: TypeNode): GraphQLInputType {
    const type = typeFromAST(this.#schema, node as never);
    if (!type) throw new Error('A variable has a type that the schema lacks.');
    return type as GraphQLInputType;
  }

  #object(typeName: string, { selections }: SelectionSetNode): string {
    const type = this.#schema.getType(typeName);
    if (!isObjectType(type)) throw new Error(`${typeName} is no object.`);
    const parts: string[] = [];
    const members: string[] = [];
    for (const one of selections) {
      if (one.kind === Kind.FRAGMENT_SPREAD) parts.push(one.name.value);
      else if (one.kind === Kind.INLINE_FRAGMENT) throw new Error('Use named fragments: their types have names.');
      else if (one.name.value === '__typename') members.push(`readonly __typename: '${typeName}'`);
      else {
        const field = type.getFields()[one.name.value];
        if (!field) throw new Error(`${typeName} has no field ${one.name.value}.`);
        members.push(`readonly ${one.alias?.value ?? one.name.value}: ${this.#output(field.type, one.selectionSet)}`);
      }
    }
    if (members.length > 0) parts.push(`{ ${members.join('; ')} }`);
    return parts.join(' & ');
  }

  #output(type: GraphQLOutputType, selected: SelectionSetNode | undefined): string {
    if (!isNonNullType(type)) return `${this.#given(type, selected)} | null`;
    return this.#given(type.ofType, selected);
  }

  #given(type: GraphQLOutputType, selected: SelectionSetNode | undefined): string {
    if (isListType(type)) return `readonly (${this.#output(type.ofType, selected)})[]`;
    const named = getNamedType(type);
    return selected ? this.#object(named.name, selected) : this.#leaf(named);
  }

  #input(type: GraphQLInputType): string {
    if (!isNonNullType(type)) return `${this.#inputGiven(type)} | null`;
    return this.#inputGiven(type.ofType);
  }

  #inputGiven(type: GraphQLInputType): string {
    if (isListType(type)) return `readonly (${this.#input(type.ofType)})[]`;
    const named = getNamedType(type);
    if (!isInputObjectType(named)) return this.#leaf(named);
    this.inputs.set(named.name, named);
    return named.name;
  }

  #leaf(type: unknown): string {
    if (isEnumType(type)) {
      this.enums.set(type.name, type);
      return type.name;
    }
    const name = isLeafType(type) ? type.name : String(type);
    const known = SCALARS[name];
    if (known === undefined) throw new Error(`No type is known for the scalar ${name}.`);
    return known;
  }
}
