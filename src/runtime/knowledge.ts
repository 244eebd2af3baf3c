import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Knowledge, Place } from '../domain/detect/activity.js';
import { usageError } from '../domain/errors.js';
import { readConfigFile } from './config-file.js';
import { isSet, withEnvFile } from './env-file.js';
import { machineFiles } from './machine-files.js';
import type { Runtime } from './runtime.js';

/** Files that say more about an address than its digits; none is needed. */
export interface KnowledgeFlags {
  /** A prefix table. */
  readonly networks?: string;
  /** Addresses and networks that nobody should come from. */
  readonly ipList?: string;
  /** MaxMind databases (.mmdb) of cities, countries or ASNs. */
  readonly maxmind?: readonly string[];
}

interface Named {
  readonly path: string;
  /** The flag or setting that a complaint names. */
  readonly by: string;
}

type Look = (ip: string) => Place | null;

/**
 * What is known about addresses on this machine: `--networks`, `--ip-list` and `--maxmind`, else `KEYCTL_NETWORKS`,
 * `KEYCTL_IP_LIST` and `KEYCTL_MAXMIND` (with commas), else `networks`, `ip_list` and `maxmind` in config.json. Where several
 * files know a place, the table speaks first, then the databases in their order, each for what is still open.
 * @throws KeyctlError 2 for a file that cannot be read, naming the line in it
 */
export async function readKnowledge(rt: Runtime, flags: KnowledgeFlags): Promise<Knowledge> {
  const { networks, ipList, maxmind } = namedFiles(rt, flags);
  const looks: Look[] = [];
  if (networks !== null) looks.push(await tableOf(networks));
  for (const file of maxmind) looks.push(await databaseOf(file));
  const list = ipList === null ? null : await listOf(ipList);
  return {
    place: looks.length === 0 ? () => null : remembered((ip) => mergedPlace(looks, ip)),
    listed: (ip) => list?.find(ip) ?? null,
  };
}

function namedFiles(
  { machine, flags: { envFile } }: Runtime,
  flags: KnowledgeFlags,
): { networks: Named | null; ipList: Named | null; maxmind: readonly Named[] } {
  const { homeDirectory, user, workingDirectory } = machine;
  const env = withEnvFile(machine.env, envFile ?? undefined, machineFiles, user.uid);
  const config = readConfigFile(env, { files: machineFiles, homeDirectory, uid: user.uid });
  const named = (path: string, by: string): Named => ({ path: resolve(workingDirectory, path.trim()), by });
  const one = (flag: string, given: string | undefined, name: string, set: string | null | undefined) => {
    if (given !== undefined) return named(given, flag);
    const variable = env[name];
    if (isSet(variable)) return named(variable, name);
    return set === null || set === undefined ? null : named(set, 'config.json');
  };
  const fromVariable = isSet(env.KEYCTL_MAXMIND)
    ? env.KEYCTL_MAXMIND.split(',').map((path) => named(path, 'KEYCTL_MAXMIND'))
    : (config?.maxmind ?? []).map((path) => named(path, 'config.json'));
  return {
    networks: one('--networks', flags.networks, 'KEYCTL_NETWORKS', config?.networks),
    ipList: one('--ip-list', flags.ipList, 'KEYCTL_IP_LIST', config?.ipList),
    maxmind: flags.maxmind?.map((path) => named(path, '--maxmind')) ?? fromVariable,
  };
}

async function bytesOf({ path, by }: Named): Promise<Buffer> {
  return await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw usageError(by, `${path} cannot be read (${error.code ?? 'error'})`, `ls -l ${path}`);
  });
}

async function tableOf(file: Named): Promise<Look> {
  const { parsePrefixTable } = await import('../domain/detect/knowledge-file.js');
  const table = parsePrefixTable(file.by, basename(file.path), (await bytesOf(file)).toString());
  return (ip) => table.find(ip);
}

async function listOf(file: Named) {
  const { parseIpList } = await import('../domain/detect/knowledge-file.js');
  return parseIpList(file.by, basename(file.path), (await bytesOf(file)).toString());
}

/** What of a City, Country or ASN database detectors ask; each has only some of it. */
interface MaxmindAnswer {
  readonly country?: { readonly iso_code?: string };
  readonly location?: { readonly latitude?: number; readonly longitude?: number };
  readonly autonomous_system_number?: number;
}

async function databaseOf(file: Named): Promise<Look> {
  const bytes = await bytesOf(file);
  const { Reader, validate } = await import('maxmind');
  const reader = readerOf(() => new Reader(bytes), file);
  return (ip) => {
    if (!validate(ip)) return null;
    const found = reader.get(ip) as MaxmindAnswer | null;
    if (found === null) return null;
    return {
      asn: found.autonomous_system_number ?? null,
      country: found.country?.iso_code ?? null,
      lat: found.location?.latitude ?? null,
      lon: found.location?.longitude ?? null,
    };
  };
}

/** The package says nothing that helps: what is no such file fails in its decoder. */
function readerOf<R>(open: () => R, { path, by }: Named): R {
  try {
    return open();
  } catch {
    throw usageError(by, `${path} is no MaxMind database`, `${by} /var/lib/GeoIP/GeoLite2-City.mmdb`);
  }
}

function mergedPlace(looks: readonly Look[], ip: string): Place | null {
  const places = looks.map((look) => look(ip)).filter((place) => place !== null);
  if (places.length === 0) return null;
  const first = <T>(of: (place: Place) => T | null) => places.map(of).find((value) => value !== null) ?? null;
  return {
    asn: first(({ asn }) => asn),
    country: first(({ country }) => country),
    lat: first(({ lat }) => lat),
    lon: first(({ lon }) => lon),
  };
}

const mostRemembered = 100_000;

/** The same few addresses make most of the requests. */
function remembered(look: Look): Look {
  const known = new Map<string, Place | null>();
  return (ip) => {
    const before = known.get(ip);
    if (before !== undefined) return before;
    if (known.size >= mostRemembered) known.clear();
    const place = look(ip);
    known.set(ip, place);
    return place;
  };
}
