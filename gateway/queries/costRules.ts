/**
 * The cost of fields by the supergraph's own rules. No type is known by name.
 * They are `@cost` and `@listSize` of Federation 2.9 (after IBM's "GraphQL Cost Directives"), and this project's
 * `@perReplica`.
 */
import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  Kind,
  valueFromASTUntyped,
} from 'graphql';
import * as z from 'zod';

/** Directives of one field. */
export interface FieldRule {
  /** Cost of the field; unset: 1 for an object, 0 for a value. */
  readonly weight?: number | undefined;
  /** Length of the list if no argument tells it. */
  readonly assumedSize?: number | undefined;
  /** Arguments that tell how many elements are wanted. */
  readonly slicingArguments: readonly string[];
  /** List fields of this field's type that the slicing arguments size; empty: this field itself. */
  readonly sizedFields: readonly string[];
  /** True if the field counts as often as there are replicas. */
  readonly isPerReplica: boolean;
}

export interface CostRules {
  readonly schema: GraphQLSchema;
  /** Rules by `Type.field`; only fields with such a directive. */
  readonly fields: ReadonlyMap<string, FieldRule>;
}

const cost = z.object({ weight: z.number() });
const listSize = z.object({
  assumedSize: z.number().nullish(),
  slicingArguments: z.array(z.string()).nullish(),
  sizedFields: z.array(z.string()).nullish(),
});

/** @param schema the supergraph's, with its AST nodes */
export function readCostRules(schema: GraphQLSchema): CostRules {
  const fields = new Map<string, FieldRule>();
  for (const { astNode: definition } of Object.values(schema.getTypeMap())) {
    if (definition?.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const field of definition.fields ?? []) {
      const rule = readRule(field);
      if (rule) fields.set(`${definition.name.value}.${field.name.value}`, rule);
    }
  }
  return { schema, fields };
}

function readRule(field: FieldDefinitionNode): FieldRule | undefined {
  const find = (name: string) => field.directives?.find((directive) => directive.name.value === name);
  const [weighed, sized, perReplica] = [find('cost'), find('listSize'), find('perReplica')];
  if (!weighed && !sized && !perReplica) return undefined;
  const size = sized ? listSize.parse(argumentsOf(sized)) : {};
  return {
    weight: weighed ? cost.parse(argumentsOf(weighed)).weight : undefined,
    assumedSize: size.assumedSize ?? undefined,
    slicingArguments: size.slicingArguments ?? [],
    sizedFields: size.sizedFields ?? [],
    isPerReplica: perReplica !== undefined,
  };
}

const argumentsOf = (directive: ConstDirectiveNode): Record<string, unknown> =>
  Object.fromEntries(directive.arguments?.map(({ name, value }) => [name.value, plain(value)]) ?? []);

const plain = (value: ConstValueNode): unknown => valueFromASTUntyped(value);
