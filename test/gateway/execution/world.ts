/**
 * A world in which every value follows from the object, the field and its arguments alone. Subgraphs each know a part
 * of it.
 * The value of a field contains what it requires, so that a wrong requirement shows.
 */
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type DocumentNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  parse,
} from 'graphql';
import type { Json } from '../../../common/json.ts';
import type { AskSubgraph } from '../../../routing/transport/subgraphAnswer.ts';
import { drawFrom } from './draw.ts';
import { canonical, pick, readRules } from './rules.ts';
import { type Answered, answerBySpecification, type Resolve, type Thing } from './specification.ts';

type Draw = (below: number) => number;

/** Replacement of a value, asked for each field that is in no key. */
export type Fault = (draw: Draw, type: GraphQLOutputType) => { readonly instead: unknown } | undefined;

/** Facts of the world. */
class Being implements Thing {
  readonly type: string;
  /** Equal for equal objects. */
  readonly id: string;
  /** Facts that a subgraph was told of it. */
  readonly told: Readonly<Json>;

  constructor(type: string, id: string, told: Readonly<Json> = {}) {
    this.type = type;
    this.id = id;
    this.told = told;
  }
}
const isThing = (value: unknown): value is Being => value instanceof Being;
const root = new Being('Query', '');

export interface WorldOptions {
  /** Share of null among 100 nullable values. With 0 no list is empty, either. */
  readonly nulls: number;
  /** With it, no value follows from what is required, since that may be faulty, too. */
  readonly fault?: Fault;
  /** True if subgraphs keep to their schemas. */
  readonly isHonest: boolean;
}

export function makeWorld(schemas: Readonly<Record<string, string>>, { nulls, fault, isHonest }: WorldOptions) {
  const documents = Object.entries(schemas).map(([name, sdl]) => [name, parse(sdl)] as const);
  const { keys, requires } = readRules(documents.map(([, document]) => document));
  const isKey = new Set([...keys.values()].flat());

  const make = (schema: GraphQLSchema, type: GraphQLOutputType, seed: string, draw: Draw): unknown => {
    if (isNonNullType(type)) return makeIt(schema, type.ofType, seed, draw);
    return draw(100) < nulls ? null : makeIt(schema, type, seed, draw);
  };
  const makeIt = (schema: GraphQLSchema, type: GraphQLOutputType, seed: string, draw: Draw): unknown => {
    if (isNonNullType(type)) return makeIt(schema, type.ofType, seed, draw);
    if (isListType(type)) {
      const length = nulls === 0 ? 1 + draw(3) : draw(4);
      return Array.from({ length }, (_, i) => make(schema, type.ofType, `${seed}.${i}`, draw));
    }
    if (isEnumType(type)) return type.getValues()[draw(type.getValues().length)]?.name;
    if (isLeafType(type)) return leaf(type.name, draw);
    const id = `i${draw(1_000)}`;
    const name = typeOf(schema, type.name, id);
    return new Being(name, keys.has(name) ? id : `${seed} ${id}`);
  };

  const resolver = (schema: GraphQLSchema, requiredBy: (thing: Being, selections: string) => unknown) => {
    const resolve: Resolve<Being> = (thing, field, args) => {
      const place = keys.get(thing.type)?.indexOf(field.name) ?? -1;
      if (place >= 0) return place === 0 ? thing.id : `${field.name} of ${thing.id}`;
      const needs = fault ? undefined : requires.get(`${thing.type}.${field.name}`);
      const required = needs === undefined ? null : requiredBy(thing, needs);
      const seed = JSON.stringify([thing.id, field.name, args, canonical(required)]);
      const draw = drawFrom(seed);
      const odd = isKey.has(field.name) ? undefined : fault?.(draw, field.type);
      return odd ? odd.instead : make(schema, field.type, seed, draw);
    };
    return resolve;
  };

  /** All that there is, by the schema of clients. */
  const answer = (schema: GraphQLSchema, document: DocumentNode, variables: Readonly<Json>): Answered => {
    const whole = { schema, variables, isThing, isChecked: true };
    const resolve: Resolve<Being> = resolver(schema, (thing, needs) => {
      const required = parse(`{ ${needs} }`);
      return answerBySpecification({ ...whole, resolve, document: required, root: thing, rootType: thing.type }).data;
    });
    return answerBySpecification({ ...whole, resolve, document, root });
  };

  const makeSubgraph = (typeDefs: DocumentNode): AskSubgraph<unknown> => {
    const schema = buildSubgraphSchema({ typeDefs });
    const own = resolver(schema, ({ told }, needs) => pick(told, needs));
    const beingOf = (one: Json): Being => {
      const name = String(one.__typename);
      const id = String(one[keys.get(name)?.[0] ?? '']);
      return new Being(typeOf(schema, name, id), id, one);
    };
    const resolve: Resolve<Being> = (thing, field, args) =>
      field.name === '_entities' ? (args.representations as Json[]).map(beingOf) : own(thing, field, args);
    return async ({ query, variables = {} }) => {
      const document = parse(query);
      const said = answerBySpecification({ schema, document, variables, root, isThing, resolve, isChecked: isHonest });
      return JSON.parse(JSON.stringify(said)); // as it would come over HTTP
    };
  };
  return { answer, subgraphs: new Map(documents.map(([name, document]) => [name, makeSubgraph(document)])) };
}

/** The type of an object, whatever interface it is looked at through. */
function typeOf(schema: GraphQLSchema, name: string, id: string): string {
  const type = schema.getType(name);
  if (!isAbstractType(type)) return name;
  const possible = schema.getPossibleTypes(type).map((of) => of.name);
  return possible.sort()[drawFrom(id)(possible.length)] ?? name;
}

function leaf(name: string, draw: Draw): unknown {
  if (name === 'Boolean') return draw(2) === 1;
  if (name === 'Float') return draw(1_000) / 4;
  return name === 'Int' || name === 'SafeInt' ? draw(1_000) : `${name} ${draw(1_000)}`;
}
