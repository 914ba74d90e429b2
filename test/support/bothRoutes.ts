/** One request to a subgraph or a gateway twice: from a client like most, and from one about whom Apollo Server is asked first. */
import { expect } from '@jest/globals';

/** Headers that mean the same. Servers know the first by its text. */
const ACCEPTED = ['application/json', 'application/json;charset=utf-8'] as const;

/** Holds the one answer against the other: status, headers that are about the answer, and every byte. @returns its text */
export async function askBothRoutes(url: string, token: string, body: object): Promise<string> {
  const ask = async (accept: string) => {
    const headers = { authorization: `Bearer ${token}`, accept, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) });
    const about = ['content-type', 'content-length', 'cache-control'].map((name) => answer.headers.get(name));
    return { status: answer.status, about, text: await answer.text() };
  };
  const [ordinary, odd] = [await ask(ACCEPTED[0]), await ask(ACCEPTED[1])];
  expect(ordinary).toEqual(odd);
  return ordinary.text;
}
