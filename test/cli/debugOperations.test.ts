import { describe, expect, test } from '@jest/globals';
import { parse, validate } from 'graphql';
import { operations, subscriptions } from '../../cli/debug/operations.ts';
import { clientSchema } from '../support/clientSchema.ts';

const schema = await clientSchema();

describe('what the terminal asks', () => {
  test.each(Object.entries({ ...operations, ...subscriptions }))(
    '%s is in the schema that clients see',
    (_, operation) => {
      expect(validate(schema, parse(operation))).toEqual([]);
    },
  );
});
