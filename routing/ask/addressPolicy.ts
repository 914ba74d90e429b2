/**
 * The rule on addresses at which replicas may be asked.
 * Every replica writes the replica table. An address in it could point the gateway, with a token in its hand, at
 * anything within its reach.
 * A name is judged by what it resolves to at the moment of connecting. A second look-up could give another answer.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { parseAddress, parseAddressRule } from '../../server/settings/addressRule.ts';

/** The code of the error with which a connection is refused. */
export const ADDRESS_NOT_ALLOWED = 'ADDRESS_NOT_ALLOWED';

class AddressNotAllowed extends Error {
  readonly code = ADDRESS_NOT_ALLOWED;
}

interface AddressPolicy {
  /** True if the host of a URL is allowed by its name, whatever that resolves to. */
  allowsName(host: string): boolean;
  /** True if an IP address is allowed. */
  allowsAddress(address: string): boolean;
}

/** @param rules as in `REPLICA_ADDRESS_ALLOW`; what is no rule allows nothing */
export function makeAddressPolicy(rules: readonly string[]): AddressPolicy {
  const parsed = rules.flatMap((rule) => parseAddressRule(rule) ?? []);
  return {
    allowsName: (host) => {
      const name = host.toLowerCase().replace(/\.$/, '');
      return parsed.some((rule) => rule.kind === 'suffix' && `.${name}`.endsWith(`.${rule.suffix}`));
    },
    allowsAddress: (text) => {
      const address = parseAddress(text);
      if (!address) return false;
      return parsed.some(
        (rule) =>
          rule.kind === 'range' &&
          rule.network.kind() === address.kind() &&
          address.match(rule.network as typeof address, rule.bits),
      );
    },
  };
}

/** Connects like undici's own connector, but only to where the policy allows; fails with `ADDRESS_NOT_ALLOWED` otherwise. */
export function makeGuardedConnector(policy: AddressPolicy, timeoutMs: number): buildConnector.connector {
  const byName = buildConnector({ timeout: timeoutMs });
  const byAddress = buildConnector({ timeout: timeoutMs, lookup: guardedLookup(policy) });
  return (options, callback) => {
    const { hostname } = options;
    if (policy.allowsName(hostname)) return byName(options, callback);
    if (isIP(hostname) === 0 || policy.allowsAddress(hostname)) return byAddress(options, callback);
    queueMicrotask(() => callback(new AddressNotAllowed(), null));
  };
}

/** `dns.lookup` without the addresses that are not allowed. */
export function guardedLookup(policy: AddressPolicy, resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[] = []) => {
      if (error) return callback(error, '');
      const allowed = addresses.filter(({ address }) => policy.allowsAddress(address));
      const [first] = allowed;
      if (!first) return callback(new AddressNotAllowed(), '');
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
