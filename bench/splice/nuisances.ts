import type { Chance } from '../../src/actions/demo/chance.js';
import { type BackgroundFamily, byTime, plainKey } from './background.js';
import type { LogEvent } from './judge-events.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What happens to a family that nobody has to be woken for. */
type Nuisance = (family: BackgroundFamily, at: number, chance: Chance) => BackgroundFamily;

export const nuisances: Readonly<Record<string, Nuisance>> = {
  'new office address': newOffice,
  'client version bump': versionBump,
  'deploy burst': deployBurst,
  'rotation with stragglers': rotation,
  holiday,
};

/** All move to another network on one day, with their programs. */
function newOffice(family: BackgroundFamily, at: number, chance: Chance): BackgroundFamily {
  const network = `203.0.${120 + chance.below(80)}.`;
  return changed(family, (event) =>
    event.at < at || event.ip === null ? event : { ...event, ip: `${network}${lastByte(event.ip)}` },
  );
}

function lastByte(ip: string): number {
  let sum = 0;
  for (const character of ip) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 251;
  return sum + 1;
}

/** A new release asks a new endpoint now and then. */
function versionBump(family: BackgroundFamily, at: number, chance: Chance): BackgroundFamily {
  return changed(family, (event) => {
    if (event.at < at) return event;
    const product = event.userAgent?.split('/')[0] ?? 'client';
    const endpoint = chance.next() < 0.1 ? '/v2/batch' : event.endpoint;
    return { ...event, userAgent: `${product}/99.0`, endpoint };
  });
}

/** For a quarter of an hour everybody asks eight times as much. */
function deployBurst(family: BackgroundFamily, at: number, chance: Chance): BackgroundFamily {
  const usual = family.events.filter((event) => event.at >= at - 7 * dayMs && event.at < at);
  const perHour = usual.length / 168;
  const burst = Array.from({ length: Math.ceil(perHour * 8) + 40 }, () => ({
    ...chance.pick(usual.length > 0 ? usual : family.events),
    at: at + chance.below(hourMs / 4),
  }));
  return { ...family, events: byTime([...family.events, ...burst]) };
}

/** The key is replaced with a grace of a day; two of its hosts are never told. */
function rotation(family: BackgroundFamily, at: number): BackgroundFamily {
  const old = family.keys.at(-1);
  if (old === undefined) return family;
  const next = plainKey(`${old.keyId}next`, old.familyId, family.name);
  const late = new Set([...new Set(family.events.map(({ ip }) => ip))].slice(0, 2));
  const died = at + dayMs;
  const own = changed(family, (event): LogEvent => {
    if (event.keyId !== old.keyId || event.at < at) return event;
    if (!late.has(event.ip)) return { ...event, keyId: next.keyId };
    return event.at < died ? event : { ...event, status: 401, bytes: 140 };
  });
  const keys = family.keys.map((key) =>
    key === old ? { ...old, diedAt: died, diedAs: 'replaced' as const, replacedBy: next.keyId } : key,
  );
  return { ...own, keys: [...keys, { ...next, version: old.version + 1, activatedAt: at }] };
}

/** Nobody works for two days. */
function holiday(family: BackgroundFamily, at: number): BackgroundFamily {
  return { ...family, events: family.events.filter((event) => event.at < at || event.at >= at + 2 * dayMs) };
}

function changed(family: BackgroundFamily, change: (event: LogEvent) => LogEvent): BackgroundFamily {
  return { ...family, events: family.events.map(change) };
}
