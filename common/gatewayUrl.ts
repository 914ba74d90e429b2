/** The address of a gateway. */

/** Base of the gateway that `npm start` runs by itself. */
export const STANDARD_GATEWAY = 'http://127.0.0.1:4000';

/** URL of the GraphQL endpoint of a gateway, whose base may name it already. */
export const graphqlUrl = (base: string): string => `${base.replace(/\/+$/, '').replace(/\/graphql$/, '')}/graphql`;
