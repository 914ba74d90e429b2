/** Operation of GraphQL with the type of its answer and of its variables. */
export interface Operation<A, V> {
  readonly name: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly text: string;
  /** Types alone: no value is ever there. */
  readonly types?: { readonly answer: A; takes(variables: V): void };
}
