/** The recorder's way to the gateway: its operations, and who it is. */
import { readFileSync } from 'node:fs';
import { type AskGateway, type GatewayClient, openGateway } from '../../server/processGateway.ts';
import { RECORDER_CALLER } from '../../server/tokens/internalToken.ts';

const FILES = {
  suspects: 'operations/suspects.graphql',
  chats: 'operations/chats.graphql',
  gone: 'operations/gone.graphql',
  bundle: '../../domain/bundle/bundle.graphql',
} as const;
type Operation = keyof typeof FILES;

/** Text of an operation, as it is sent. */
export const textOf = (operation: Operation): string =>
  readFileSync(new URL(FILES[operation], import.meta.url), 'utf8');

export type Ask = AskGateway<Operation>;
export type RecorderGateway = GatewayClient<Operation>;

/** @param url GraphQL endpoint of the gateway */
export const openRecorderGateway = (url: string, internalSecret: string): RecorderGateway =>
  openGateway({
    ...{ url, internalSecret, caller: RECORDER_CALLER },
    texts: {
      ...{ suspects: textOf('suspects'), chats: textOf('chats') },
      ...{ gone: textOf('gone'), bundle: textOf('bundle') },
    },
  });
