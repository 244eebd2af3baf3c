import { isIPv4, isIPv6 } from 'node:net';
// Pure arithmetic on addresses, no I/O: the one package the domain uses.
import ipaddr from 'ipaddr.js';
import { usageError } from './errors.js';

interface Network {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/**
 * A network in canonical form (`198.51.100.0/24`, `2001:db8::/32`); a lone address gets its full mask. Refuses host
 * bits (who meant which?), the whole internet, zone ids and leading zeros, with the right spelling in the hint.
 */
export function parseCidr(flag: string, text: string): string {
  const network = readNetwork(text.trim());
  if (network === null)
    throw usageError(flag, 'not an IP address or network', `${flag} 198.51.100.0/24, or 2001:db8::/32`);
  const { address, bits } = network;
  if (bits === 0) throw usageError(flag, 'that is every address there is', `${flag} 198.51.100.0/24`);
  const base = networkOf(network);
  if (base !== address.toString()) {
    throw usageError(
      flag,
      'has bits set behind its mask',
      `${flag} ${base}/${bits}, or ${address.toString()} alone`,
    );
  }
  return `${base}/${bits}`;
}

/** One address in canonical form (`--ip`); throws a usage error naming the flag. */
export function parseIp(flag: string, text: string): string {
  const address = toInet(text.trim());
  if (address === null || address.includes('/'))
    throw usageError(flag, 'not an IP address', `${flag} 198.51.100.17`);
  return address;
}

/**
 * The text of a log's IP field as PostgreSQL's `inet` takes it, in canonical form; null for anything `inet` would
 * refuse, for leading zeros, which some read as octal, and for the half addresses (`4/0`, `::.81`) that `inet` would
 * complete by guessing (F21: the text itself is kept beside). An IPv4 address in
 * its IPv6 dress (::ffff:a.b.c.d, what dual-stack servers log) becomes IPv4, else blocks and allow lists miss it.
 */
export function toInet(text: string): string | null {
  if (isIPv4(text)) return text;
  const network = readNetwork(text);
  if (network === null) return null;
  const { address, bits } = network;
  return bits === fullBits(address) ? address.toString() : `${address.toString()}/${bits}`;
}

function readNetwork(text: string): Network | null {
  // 45 characters hold the longest address, 4 more the mask; longer texts are not worth looking at.
  if (text.length > 49) return null;
  const [, host, mask] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  // ipaddr.js alone would also take octal, hexadecimal and one-part addresses; inet refuses zone ids.
  if (host === undefined || !(isIPv4(host) || (isIPv6(host) && !host.includes('%')))) return null;
  const address = ipaddr.parse(withoutDots(host));
  const full = fullBits(address);
  const bits = mask === undefined ? full : Number(mask);
  if (bits > full) return null;
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) {
    return { address: address.toIPv4Address(), bits: bits - 96 };
  }
  return { address, bits };
}

/** ipaddr.js reads ::198.51.100.17 as ::ffff:198.51.100.17, another address; the last four bytes in hex are read right. */
function withoutDots(host: string): string {
  if (!host.includes(':')) return host;
  return host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_dotted, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number);
    return `${((a ?? 0) * 256 + (b ?? 0)).toString(16)}:${((c ?? 0) * 256 + (d ?? 0)).toString(16)}`;
  });
}

function fullBits(address: ipaddr.IPv4 | ipaddr.IPv6): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function networkOf({ address, bits }: Network): string {
  const bytes = address.toByteArray().map((byte, at) => {
    const keep = Math.min(8, Math.max(0, bits - at * 8));
    return byte & (0xff << (8 - keep));
  });
  return ipaddr.fromByteArray(bytes).toString();
}
