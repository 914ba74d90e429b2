/** The gateway that the terminal asks, and its token. */

import { graphqlUrl, STANDARD_GATEWAY } from '../../common/gatewayUrl.ts';
import { readSystemFile } from '../../local/systemFile.ts';
import { readEnvironment, SettingsError } from '../../server/settings/config.ts';

export interface Gateway {
  /** URL of its GraphQL endpoint. */
  readonly url: string;
  readonly token: string;
}

/**
 * Finds the gateway: by the command line, else by settings, else by the system on DATA_DIR.
 * That system's token is sent to no other gateway.
 * @throws SettingsError if there is no token
 */
export function findGateway(given: { readonly url?: string; readonly token?: string }): Gateway {
  const settings = readEnvironment(['CHAT_DEBUG_URL', 'CHAT_DEBUG_TOKEN', 'DATA_DIR']);
  const running = readSystemFile(settings.DATA_DIR);
  const base = given.url ?? settings.CHAT_DEBUG_URL ?? running?.gatewayUrl ?? STANDARD_GATEWAY;
  const url = graphqlUrl(base);
  const own = running && graphqlUrl(running.gatewayUrl) === url ? running.token : undefined;
  const token = given.token ?? settings.CHAT_DEBUG_TOKEN ?? own;
  if (token) return { url, token };
  throw new SettingsError(
    `There is no token for ${url}: no system with that address runs on DATA_DIR=${settings.DATA_DIR}. Run \`npm start\` in another terminal, or give --token, or set CHAT_DEBUG_TOKEN.`,
  );
}
