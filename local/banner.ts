/** Text for the person once the system is up: where it is, and what to paste. */
import { decodeJwt } from 'jose';
import type { SystemFile } from './systemFile.ts';

/**
 * @param dataDir the setting, if it is not the default: commands beside the system need it too
 * @param link signs in to the console; undefined: there is none
 */
export function banner({ gatewayUrl, token }: SystemFile, dataDir: string | undefined, link?: string): string {
  const settings = dataDir === undefined ? '' : `DATA_DIR=${shellWord(dataDir)} `;
  return `
  Console    ${link ?? `${gatewayUrl}/`}
             ${link ? `(signs in once, within a minute; another link: ${settings}npm run token -- --link)` : '(asks for the token)'}
  GraphiQL   ${gatewayUrl}/graphiql
  Token      ${token}
             (reads every chat, good until ${lastDay(token)})

  Make a chat, in another terminal; it prints the chat's id:

${settings}npm run chat -- create "/slow 60 tell me a story"

  The chats and their states:

curl -s ${gatewayUrl}/graphql \\
  -H 'content-type: application/json' \\
  -H 'authorization: Bearer ${token}' \\
  -d '{"query":"{ chats(first: 10) { edges { node { chatId executionState } } } }"}'

  All about one of them, to paste into GraphiQL with its id in place of CHAT_ID:

${QUERY}

  Ctrl-C stops all of it. What the chats hold stays.
`;
}

const QUERY = `{
  chatDebugSnapshot(chatId: "CHAT_ID") {
    executionState
    database {
      status workerId runnerId queueDepth
      heartbeat { ageSeconds isStale }
      messageStats { total deleted byRole { role count } }
    }
    runtime {
      reachability { status }
      workerIdMatchesLocal
      runners {
        runnerId activeTaskKind
        activeTask { runningSeconds secondsSinceProgress }
        lease { ageSeconds }
      }
      messageBuffers { partsBuffered bytesBuffered isClosed }
    }
  }
}`;

const lastDay = (token: string) => new Date((decodeJwt(token).exp ?? 0) * 1000).toISOString().slice(0, 10);

/** Quotes a word for the shell if it holds anything but harmless characters. */
const shellWord = (text: string) =>
  /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
