import { beforeAll, describe, expect, test } from '@jest/globals';
import { type GraphQLSchema, parse, validate } from 'graphql';
import { operations } from '../../cli/debug/operations.ts';
import { clientSchema } from '../support/clientSchema.ts';

describe('what the terminal asks', () => {
  let schema: GraphQLSchema;
  beforeAll(async () => {
    schema = await clientSchema();
  });

  test.each(Object.entries(operations))('%s is in the schema that clients see', (_, operation) => {
    expect(validate(schema, parse(operation))).toEqual([]);
  });
});
