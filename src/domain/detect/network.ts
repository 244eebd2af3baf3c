import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { toInet } from '../cidr.js';

/** Bits of the networks that addresses are known by: what a provider gives one customer (RFC 6177 for IPv6). */
const networkBits = { ipv4: 24, ipv6: 48 } as const;

/** Addresses come again and again, and reading an IPv6 one costs as much as all else about a request. */
const readBefore = new Map<string, string | null>();
const mostRead = 20_000;

/** The /24 or /48 of an address as a log has it; null for what is no address (F21). */
export function networkOf(ip: string): string | null {
  const known = readBefore.get(ip);
  if (known !== undefined) return known;
  const network = readNetwork(ip);
  if (readBefore.size >= mostRead) readBefore.clear();
  readBefore.set(ip, network);
  return network;
}

function readNetwork(ip: string): string | null {
  if (isIPv4(ip)) return network24(ip);
  const address = toInet(ip);
  if (address === null || address.includes('/')) return null;
  // An IPv4 address in its IPv6 dress became one.
  if (isIPv4(address)) return network24(address);
  const bytes = ipaddr.parse(address).toByteArray();
  const kept = bytes.map((byte, at) => (at < networkBits.ipv6 / 8 ? byte : 0));
  return `${ipaddr.fromByteArray(kept).toString()}/${networkBits.ipv6}`;
}

function network24(ip: string): string {
  return `${ip.slice(0, ip.lastIndexOf('.'))}.0/${networkBits.ipv4}`;
}
