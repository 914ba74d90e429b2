/** Small federated schemas, each with something that an executor has to get right; by subgraph, by supergraph. */
export const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@requires", "@provides", "@external", "@shareable", "@override", "@interfaceObject", "@inaccessible"])`;

const subgraphs = (schemas: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, `${LINK}\n${schema}`]));

export const SUPERGRAPHS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'lists, required and provided fields': subgraphs({
    catalogue: `
      type Query { product(id: ID! = "1"): Product  products(first: Int = 3): [Product!]!  matrix: [[Product]]  none: Product }
      type Product @key(fields: "id") { id: ID!  name: String!  weight: Float  tags: [String!]  maker: Maker!  parts: [Product]  kind: Kind }
      type Maker @key(fields: "id country") { id: ID!  country: String!  founded: Int }
      enum Kind { A B C }`,
    shop: `
      type Product @key(fields: "id") { id: ID!  weight: Float @external  parts: [Product] @external  price(currency: String = "EUR"): Float!  shipping: Float @requires(fields: "weight")
        bundle: String @requires(fields: "parts { id weight }")  reviews(first: Int): [Review!] }
      type Review @key(fields: "id") { id: ID!  stars: Int!  product: Product!  author: Author @provides(fields: "name") }
      type Author @key(fields: "id") { id: ID!  name: String @external }`,
    people: `
      type Query { authors: [Author] }
      type Author @key(fields: "id") { id: ID!  name: String @shareable  reviews: [Review]  friend: Author }
      type Review @key(fields: "id", resolvable: false) { id: ID! }
      type Maker @key(fields: "id country") { id: ID!  country: String!  owner: Author!  score: Float! }`,
  }),
  'interfaces and unions': subgraphs({
    places: `
      type Query { nodes(ids: [ID!] = ["1", "2"]): [Node]!  found: [Found]  first: Found!  thing: Thing }
      interface Node { id: ID!  label: String }
      interface Thing implements Node { id: ID!  label: String  size: Int! }
      union Found = Chat | Tool | Note
      type Chat implements Node & Thing @key(fields: "id") { id: ID!  label: String  size: Int!  text: String! }
      type Tool implements Node @key(fields: "id") { id: ID!  label: String  text: Int  version: Float!  used: [Thing!] }
      type Note { body: String  about: Found }`,
    owners: `
      type Chat @key(fields: "id") { id: ID!  owner: User!  size2: Float  found: Held }
      type Tool @key(fields: "id") { id: ID!  owner: Team  size2: String }
      union Held = User | Team
      type User @key(fields: "id") { id: ID!  name: String! }
      type Team @key(fields: "id") { id: ID!  name: Int  members: [User!]! }`,
    names: `
      type Query { me: User }
      type User @key(fields: "id") { id: ID!  mail: String  secret: String @inaccessible }`,
  }),
  'one type for an interface': subgraphs({
    media: `
      type Query { all: [Media!]!  one: Media }
      interface Media @key(fields: "id") { id: ID!  title: String }
      type Book implements Media @key(fields: "id") { id: ID!  title: String  pages: Int! }
      type Film implements Media @key(fields: "id") { id: ID!  title: String  minutes: Int }`,
    votes: `
      type Query { best: [Media] }
      type Media @key(fields: "id") @interfaceObject { id: ID!  votes: Int!  voters: [Voter!] }
      type Voter @key(fields: "id") { id: ID!  name: String }`,
    voters: `
      type Voter @key(fields: "id") { id: ID!  age: Int!  name: String @override(from: "votes") }`,
  }),
};
