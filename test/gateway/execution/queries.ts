/** Random queries over any schema: aliases, fragments on every type that fits, conditions, literals and variables. */
import fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

/** Variables of every query. */
export const VARIABLES = { yes: true, no: false, id: '2', few: 2 };
const DECLARED = { yes: 'Boolean!', no: 'Boolean!', unset: 'Boolean! = false', id: 'ID!', few: 'Int' };
const CONDITIONS = ['', '', '', ' @include(if: $yes)', ' @skip(if: $yes)', ' @include(if: $no)', ' @skip(if: $unset)'];
const MAX_DEPTH = 6;

/**
 * Some are not valid: the same name may stand for two fields that do not merge.
 * @param isMean aliases are names of fields, too
 */
export const randomQuery = (schema: GraphQLSchema, isMean = false): fc.Arbitrary<string> =>
  fc.array(fc.nat({ max: 2 ** 30 }), { minLength: 150, maxLength: 150 }).map((numbers) => {
    let at = 0;
    const draw = (below: number): number => {
      at += 1;
      return (numbers[at % numbers.length] ?? 0) % below;
    };
    return writeQuery(schema, draw, isMean);
  });

type Draw = (below: number) => number;

function writeQuery(schema: GraphQLSchema, draw: Draw, isMean: boolean): string {
  const fragments: string[] = [];
  const condition = () => CONDITIONS[draw(CONDITIONS.length * 3)] ?? '';
  type Field = GraphQLField<unknown, unknown>;
  const fieldOf = ({ name, args, type }: Field, siblings: readonly Field[], depth: number): string => {
    const other = isMean && draw(4) === 0 ? siblings[draw(siblings.length)]?.name : undefined;
    const alias = other !== undefined ? `${other}: ` : draw(6) === 0 ? `x${draw(3)}: ` : '';
    const given = args.flatMap((argument) => {
      if (isRequiredArgument(argument)) return [`${argument.name}: "i${draw(9)}"`];
      if (draw(3) === 0) return [];
      const kind = getNamedType(argument.type).name;
      return kind === 'ID' && argument.name === 'id' ? ['id: $id'] : kind === 'Int' ? [`${argument.name}: $few`] : [];
    });
    const below = getNamedType(type);
    const head = `${alias}${name}${given.length > 0 ? `(${given.join(', ')})` : ''}${condition()}`;
    return isCompositeType(below) ? `${head} ${set(below, depth + 1)}` : head;
  };
  const conditionFor = (type: GraphQLNamedType): GraphQLNamedType => {
    if (!isAbstractType(type)) return type;
    const fitting = [type, ...schema.getPossibleTypes(type)];
    return fitting[draw(fitting.length)] ?? type;
  };
  const set = (type: GraphQLNamedType, depth: number): string => {
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
    const usable = depth < MAX_DEPTH ? fields : fields.filter((field) => !isCompositeType(getNamedType(field.type)));
    const parts: string[] = [];
    for (let more = 1 + draw(4); more > 0; more -= 1) {
      const kind = draw(10);
      const field = usable[draw(Math.max(usable.length, 1))];
      if (kind === 0) {
        parts.push(`${draw(2) === 0 ? '' : 't: '}__typename`);
      } else if (depth < MAX_DEPTH && (kind < 4 || !field)) {
        const on = conditionFor(type);
        const body = set(on, depth + 1);
        if (kind === 1) {
          fragments.push(`fragment F${fragments.length} on ${on.name} ${body}`);
          parts.push(`...F${fragments.length - 1}${condition()}`);
        } else {
          parts.push(`... on ${on.name}${condition()} ${body}`);
        }
      } else if (field) {
        parts.push(fieldOf(field, usable, depth));
      }
    }
    return `{ ${parts.join(' ') || '__typename'} }`;
  };
  const query = schema.getQueryType();
  if (!query) throw new Error('It has no queries');
  const text = set(query, 0);
  const body = `${text} ${fragments.join(' ')}`;
  const declared = Object.entries(DECLARED).flatMap(([name, type]) =>
    body.includes(`$${name}`) ? [`$${name}: ${type}`] : [],
  );
  return `query ${declared.length > 0 ? `(${declared.join(', ')})` : ''} ${body}`;
}
