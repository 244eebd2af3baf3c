import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { toInet } from '../cidr.js';

/** Values by network, found by longest prefix. */
export interface PrefixTable<T> {
  /** False when the text is no address or network; the last of two for the same network counts. */
  add(network: string, value: T): boolean;
  /** Of the smallest network that holds the address; null: of none, or it is no address. */
  find(ip: string): T | null;
  readonly size: number;
}

interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/**
 * One map for each length of prefix, asked from the longest to the shortest: at most 33 look-ups for IPv4. A tree would
 * take less memory and more code; half a million networks are some 60 MB so.
 */
export function prefixTable<T>(): PrefixTable<T> {
  const byLength = { 4: new Map<number, Map<string, T>>(), 16: new Map<number, Map<string, T>>() };
  let size = 0;
  const mapsOf = (bytes: readonly number[]) => (bytes.length === 4 ? byLength[4] : byLength[16]);
  return {
    add(text, value) {
      const network = networkOf(text);
      if (network === null) return false;
      const maps = mapsOf(network.bytes);
      const map = maps.get(network.bits) ?? new Map<string, T>();
      maps.set(network.bits, map);
      const before = map.size;
      map.set(masked(network.bytes, network.bits), value);
      size += map.size - before;
      return true;
    },
    find(ip) {
      const network = networkOf(ip);
      if (network === null) return null;
      const { bytes, bits } = network;
      const maps = mapsOf(bytes);
      for (const length of [...maps.keys()].toSorted((a, b) => b - a)) {
        if (length > bits) continue;
        const value = maps.get(length)?.get(masked(bytes, length));
        if (value !== undefined) return value;
      }
      return null;
    },
    get size() {
      return size;
    },
  };
}

function networkOf(text: string): Network | null {
  const inet = toInet(text);
  if (inet === null) return null;
  const [host = '', mask] = inet.split('/');
  const bytes = isIPv4(host) ? host.split('.').map(Number) : ipaddr.parse(host).toByteArray();
  return { bytes, bits: mask === undefined ? bytes.length * 8 : Number(mask) };
}

/** The first bits of the address as a key; bits behind the mask count for nothing. */
function masked(bytes: readonly number[], bits: number): string {
  const kept = bytes.slice(0, Math.ceil(bits / 8));
  const last = kept.length - 1;
  if (bits % 8 !== 0) kept[last] = (kept[last] ?? 0) & (0xff << (8 - (bits % 8)));
  return String.fromCharCode(...kept);
}
