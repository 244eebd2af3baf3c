import { parseUserAgent } from '../user-agent.js';

/** Tools that look for weaknesses or crack, by what they call themselves (OWASP CRS, scanners-user-agents.data); names that others have too are left out. */
const names = [
  ...['acunetix', 'arachni', 'burpsuite', 'commix', 'dirbuster', 'dirsearch', 'feroxbuster', 'ffuf', 'fimap'],
  ...[
    'gobuster',
    'havij',
    'jorgee',
    'kali',
    'masscan',
    'metasploit',
    'nessus',
    'netsparker',
    'nikto',
    'nmap',
  ],
  ...['nuclei', 'openvas', 'pentoo', 'skipfish', 'sqlmap', 'sqlninja', 'trufflehog', 'w3af', 'webinspect'],
  ...['wfuzz', 'whatweb', 'wpscan', 'zaproxy', 'zgrab'],
];
const known: ReadonlySet<string> = new Set(names);
const anywhere = new RegExp(scannerPattern(names.join('|')), 'i');

/** As JavaScript and PostgreSQL read it, for a user agent in any case; a kernel calls itself kali9. */
export function scannerPattern(name: string): string {
  return `(?:^|[^a-z0-9])(${name})[0-9]*(?:[^a-z0-9]|$)`;
}

/** Whether a program's name is that of such a tool. */
export function isScanner(program: string): boolean {
  return known.has(program);
}

/** The program that a user agent names: such a tool wherever it stands in it (most pass for a browser), else the first product. */
export function programOf(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  return anywhere.exec(userAgent)?.[1]?.toLowerCase() ?? parseUserAgent(userAgent)?.product ?? null;
}
