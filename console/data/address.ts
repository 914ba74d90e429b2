/** Where the gateway is: two folders above this program, whatever prefix a proxy puts before its paths. */
export const base = new URL('..', import.meta.url);

/** Address of a path of the gateway, such as `graphql` or `chats/…`. */
export const addressOf = (path: string): string => new URL(path, base).href;
