import { isIP } from 'node:net';

/** True for loopback by name or address: the hosts, with unix sockets, to which clear text is allowed. */
export function isLocalHost(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) === 4 ? host.startsWith('127.') : host === '::1';
}
