/** One rule of `REPLICA_ADDRESS_ALLOW`: a range of IP addresses in CIDR notation (RFC 4632), or a suffix of host names. */
import ipaddr from 'ipaddr.js';

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

type AddressRule =
  | { readonly kind: 'range'; readonly network: IpAddress; readonly bits: number }
  /** Suffix without a dot at its start or end. A host matches if it is the suffix, or ends in it after a dot. */
  | { readonly kind: 'suffix'; readonly suffix: string };

/** Form of a host suffix. Its last label begins with a letter, so that no number is taken for a name. */
const HOST_SUFFIX = /^\.?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i;
const MAPPED_BITS = 96;

/** Rule of a text; undefined: it is none. An address without a length stands for itself alone. */
export function parseAddressRule(text: string): AddressRule | undefined {
  if (HOST_SUFFIX.test(text)) return { kind: 'suffix', suffix: text.replace(/^\.|\.$/g, '').toLowerCase() };
  const [address = '', length, ...more] = text.split('/');
  const network = parseAddress(address);
  if (!network || more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const isMapped = network.kind() === 'ipv4' && address.includes(':');
  const all = network.kind() === 'ipv4' ? 32 : 128;
  const bits = length === undefined ? all : Number(length) - (isMapped ? MAPPED_BITS : 0);
  return bits >= 0 && bits <= all ? { kind: 'range', network, bits } : undefined;
}

/** Address of a text; undefined: it is none. An IPv4 address in IPv6 form (RFC 4291, 2.5.5.2) is the IPv4 address. */
export function parseAddress(text: string): IpAddress | undefined {
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
  return isAddress ? ipaddr.process(text) : undefined;
}
