/** Conditions between settings that are each fine by themselves. Pure. */
import { IN_PROCESS } from './settingForms.ts';
import type { SettingName, Settings } from './settings.ts';

/** Settings that are set and good. */
type Values = Partial<Settings<SettingName>>;

/**
 * Rule that returns a fault between settings, as a sentence without secrets; undefined: none.
 * @param bad settings that are already refused or missing, of which nothing more is said
 */
export type SettingsRule = (values: Values, bad: ReadonlySet<SettingName>) => string | undefined;

const leases: SettingsRule = ({ HEARTBEAT_INTERVAL_SECONDS: interval, HEARTBEAT_STALE_SECONDS: stale }) => {
  if (interval === undefined || stale === undefined || interval < stale) return undefined;
  return `HEARTBEAT_INTERVAL_SECONDS: must be less than HEARTBEAT_STALE_SECONDS, or every lease runs out. Received ${interval} and ${stale}.`;
};

/** Rule that secrets differ: a minter of callers' tokens could mint those of the gateway, too. */
const secretsDiffer: SettingsRule = ({ AUTH_SECRET: ofCallers, INTERNAL_SECRET: internal }) => {
  if (ofCallers === undefined || ofCallers !== internal) return undefined;
  return "AUTH_SECRET, INTERNAL_SECRET: must differ, or a caller's token could pass for the gateway's. Received the same value twice.";
};

/** Rules for every process that reads the settings they speak of. */
export const ALWAYS: readonly SettingsRule[] = [leases, secretsDiffer];

/** Rule for a process that checks callers' tokens: the way must be clear. */
export const callersKey: SettingsRule = ({ AUTH_SECRET: secret, AUTH_JWKS_URL: url }, bad) => {
  if (bad.has('AUTH_SECRET') || bad.has('AUTH_JWKS_URL') || (secret === undefined) !== (url === undefined))
    return undefined;
  return `AUTH_SECRET, AUTH_JWKS_URL: set exactly one of them, to check callers' tokens with. Received ${secret === undefined ? 'neither' : 'both'}.`;
};

/**
 * Rule for a process that serves a subgraph, the router among them: the key of the tokens that SUBGRAPH_AUTH names must
 * be set.
 */
export const subgraphKey: SettingsRule = (values, bad) => {
  if (values.SUBGRAPH_AUTH === 'caller') return callersKey(values, bad);
  if (values.INTERNAL_SECRET !== undefined || bad.has('INTERNAL_SECRET')) return undefined;
  return 'INTERNAL_SECRET: is not set. Tokens between processes are checked against it, unless SUBGRAPH_AUTH=caller.';
};

/** Rule for the gateway: if it runs the database subgraph itself, it needs that subgraph's settings. */
export const databaseOfItsOwn: SettingsRule = (values, bad) => {
  if (values.DATABASE_SUBGRAPH_URL !== IN_PROCESS || values.DATABASE_URL !== undefined || bad.has('DATABASE_URL'))
    return undefined;
  return `DATABASE_URL: is not set. With DATABASE_SUBGRAPH_URL=${IN_PROCESS} the database subgraph here reads it.`;
};

/** Rule for the recorder: it needs a database for incidents. */
export const incidentsSomewhere: SettingsRule = (values, bad) => {
  const names = ['RECORDER_DATABASE_URL', 'DATABASE_URL'] as const;
  if (names.some((name) => values[name] !== undefined || bad.has(name))) return undefined;
  return 'RECORDER_DATABASE_URL, DATABASE_URL: neither is set. Incidents are kept in the first, or else in the second.';
};

/** Rule for the recorder: what it tells the webhook is signed. */
export const webhookSigned: SettingsRule = ({ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret }, bad) => {
  if (bad.has('ALERT_WEBHOOK_URL') || bad.has('ALERT_WEBHOOK_SECRET')) return undefined;
  if ((url === undefined) === (secret === undefined)) return undefined;
  return `ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET: set both or neither; what the webhook is told is signed. Received only ${url === undefined ? 'the secret' : 'the URL'}.`;
};

/**
 * Rule for the router, which runs no database subgraph: the gateway in front of it needs one that others can ask, too.
 */
export const databaseElsewhere: SettingsRule = ({ DATABASE_SUBGRAPH_URL: url }) => {
  if (url !== IN_PROCESS) return undefined;
  return `DATABASE_SUBGRAPH_URL: must be an http or https URL here; ${IN_PROCESS} is for the gateway. Received "${IN_PROCESS}".`;
};
