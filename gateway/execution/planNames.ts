/**
 * The names under which a plan asks for a client's fields.
 * Fields that a subgraph requires are asked for by their own names, wherever the client put an alias.
 * An alias that is such a name would give the one in place of the other.
 */
import {
  type ConstDirectiveNode,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** Asked for by plans, and of no type that has fields. */
const OF_FEDERATION = ['__typename', '_entities', '_service'];
/** Names that are given here, and those that the planner gives. */
const GIVEN = /^own\d+_|__alias_\d+$/;

/** The key under which a plan gathers a field of the client's; the same for the same response key and field. */
export type PlanKey = (field: FieldNode) => string;

/** @param schema of the supergraph, whose AST nodes say what its fields require */
export function makePlanKey(schema: GraphQLSchema): PlanKey {
  const taken = new Set(OF_FEDERATION);
  for (const type of Object.values(schema.getTypeMap())) {
    if ('getFields' in type) for (const name of Object.keys(type.getFields())) taken.add(name);
  }
  const varied = requiredWithArguments(schema);
  return ({ alias, name: { value: name } }) => {
    const key = alias?.value ?? name;
    const isOwn = key === name ? varied.has(name) : taken.has(key) || GIVEN.test(key);
    return isOwn ? `own${key.length}_${key}_${name}` : key;
  };
}

/** Names of fields that are required and take arguments: the client's own would change what is required. */
function requiredWithArguments(schema: GraphQLSchema): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { astNode: definition } of Object.values(schema.getTypeMap())) {
    if (definition?.kind !== Kind.OBJECT_TYPE_DEFINITION && definition?.kind !== Kind.INTERFACE_TYPE_DEFINITION)
      continue;
    for (const { directives = [] } of definition.fields ?? []) {
      for (const required of directives.flatMap(requirements)) {
        const types = new TypeInfo(schema);
        const Field = ({ name }: FieldNode) => {
          if (types.getFieldDef()?.args.length) names.add(name.value);
        };
        visit(parse(`{ ... on ${definition.name.value} { ${required} } }`), visitWithTypeInfo(types, { Field }));
      }
    }
  }
  return names;
}

/** Requirements of a field by its `@join__field`. */
const requirements = ({ arguments: given = [] }: ConstDirectiveNode): string[] =>
  given.flatMap(({ name, value }) => (name.value === 'requires' && value.kind === Kind.STRING ? [value.value] : []));
