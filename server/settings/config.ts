/**
 * The settings of a process, read once, whole, and checked. This is the only file that reads the environment.
 * An empty variable counts as unset. One error names every bad setting, what was received and what is accepted.
 */

import { StartError } from '../startError.ts';
import { type Required, type SettingName, type Settings, settings } from './settings.ts';
import { ALWAYS, type SettingsRule } from './settingsRules.ts';

/** Error for settings that are missing or not acceptable. Its message is for the person who started the process. */
export class SettingsError extends StartError {
  override name = 'SettingsError';
}

/**
 * Reads the named settings.
 * @param required names that must be set, because they have no default
 * @param rules conditions between settings in this process, on top of those that always hold
 * @throws SettingsError naming every bad one
 */
export function readEnvironment<K extends SettingName, R extends K = never>(
  names: readonly K[],
  required: readonly R[] = [],
  rules: readonly SettingsRule[] = [],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Required<Settings<K>, R> {
  const problems: string[] = [];
  const bad = new Set<SettingName>();
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const received = environment[name] || undefined;
    const result = settings[name].safeParse(received);
    if (!result.success) {
      const shown = /SECRET|KEY|TOKEN|DATABASE_(LISTEN_)?URL|WEBHOOK_URL/.test(name)
        ? 'a value not shown here'
        : JSON.stringify(received && withoutCredentials(received));
      bad.add(name);
      problems.push(`${name}: ${result.error.issues.map((issue) => issue.message).join('; ')}. Received ${shown}.`);
    } else if (result.data === undefined && (required as readonly string[]).includes(name)) {
      bad.add(name);
      problems.push(`${name}: is not set. It is the ${settings[name].description}.`);
    } else {
      values[name] = result.data;
    }
  }
  problems.push(...[...ALWAYS, ...rules].flatMap((rule) => rule(values, bad) ?? []));
  if (problems.length > 0) throw new SettingsError(`Cannot start, the settings are wrong:\n  ${problems.join('\n  ')}`);
  return values as Required<Settings<K>, R>;
}

/** Text for a message. Everything before the last `@` of a URL, however malformed, may be a password. */
function withoutCredentials(text: string): string {
  return text.includes('//') ? text.replace(/\/\/.*@/s, '//…@') : text.replace(/^.*@/s, '…@');
}

/** Environment for a child process: this one's, with `changes` on top. */
export function environmentWith(changes: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return { ...process.env, ...changes };
}

/**
 * Keeps Apollo's gateway from reporting to its vendor, and from looking for its cloud. Call it before a gateway is
 * made.
 */
export function switchOffVendorTelemetry(): void {
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
}

/** Names of the settings that are set, rather than left to their defaults. */
export const settingsGiven = (
  names: readonly SettingName[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ReadonlySet<SettingName> => new Set(names.filter((name) => environment[name]));
