/** Questions of a gateway to a replica about itself, and about one chat: every field but lists of other runners. */
import { getNamedType, isObjectType } from 'graphql';
import { schemaOf } from '../support/madeUp.ts';

const schema = schemaOf('runtime');

/** Fields that take arguments are the lists whose length the asker chooses. */
function everyField(typeName: string): string {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) return '';
  const fields = Object.values(type.getFields()).filter(({ args }) => args.length === 0);
  return `{ ${fields.map(({ name, type: of }) => `${name} ${everyField(getNamedType(of).name)}`).join(' ')} }`;
}

const entities = (typeName: string) =>
  `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ${typeName} ${everyField(typeName)} } }`;

/** The body of a request. */
export interface Question {
  readonly query: string;
  readonly variables: { readonly representations: readonly object[] };
}

const COUNTS = entities('ReplicaRuntime');
const CHAT = entities('ChatRuntime');

export const counts = (workerId: string): Question => ({
  query: COUNTS,
  variables: { representations: [{ __typename: 'ReplicaRuntime', workerId }] },
});

export const oneChat = (workerId: string, chatId: string): Question => ({
  query: CHAT,
  variables: { representations: [{ __typename: 'ChatRuntime', workerId, chatId }] },
});
