import { beforeAll, describe, expect, test } from '@jest/globals';
import { type GraphQLSchema, parse, validate } from 'graphql';
import { operations } from '../../cli/debug/operations.ts';
import { makeLogger } from '../../common/log.ts';
import { makeApolloGateway, readSupergraph } from '../../gateway/supergraph.ts';

describe('what the terminal asks', () => {
  let schema: GraphQLSchema;
  beforeAll(async () => {
    const gateway = makeApolloGateway({
      supergraphSdl: readSupergraph(undefined),
      dataSource: () => ({ process: () => Promise.reject(new Error('Nothing is executed here')) }),
      log: makeLogger('gateway', 'silent'),
    });
    ({ schema } = await gateway.load());
    await gateway.stop();
  });

  test.each(Object.entries(operations))('%s is in the schema that clients see', (_, operation) => {
    expect(validate(schema, parse(operation))).toEqual([]);
  });
});
