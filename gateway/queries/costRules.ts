/**
 * What the supergraph says about the cost of its fields: `@cost` and `@listSize` (the directives of Federation 2.9, after
 * IBM's "GraphQL Cost Directives" specification) and this project's `@perReplica`. No type is known by name.
 */
import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  Kind,
  valueFromASTUntyped,
} from 'graphql';
import { z } from 'zod';

/** What the directives of one field say. */
export interface FieldRule {
  /** Unset: 1 for an object, 0 for a value. */
  readonly weight?: number | undefined;
  /** How many elements the list has when no argument says so. */
  readonly assumedSize?: number | undefined;
  /** Arguments that say how many elements are wanted. */
  readonly slicingArguments: readonly string[];
  /** The list fields of this field's type that the slicing arguments are about; empty: this field itself. */
  readonly sizedFields: readonly string[];
  /** Counts as often as there are replicas. */
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
