import type { DemoChange } from '../../db/demo-changes.js';
import type { AuditContext } from '../../db/kernel.js';
import { fingerprint } from '../../domain/token.js';
import { chanceOf } from './chance.js';
import type { Family } from './family.js';
import { dayMs, hourMs, kernelKey, type Life, type Lives, minuteMs } from './lives.js';
import { people } from './people.js';
import { pauseOf } from './traffic.js';

/** How long an old key stays usable beside its successor. */
const graceMs = 24 * hourMs;

type Untold = DemoChange extends infer Change
  ? Change extends DemoChange
    ? Omit<Change, 'operation' | 'context'> & { readonly by: string; readonly of: string }
    : never
  : never;

/** Everything that was ever done to the keys, in the order of time, as the kernel is asked to do it. */
export function changesOf(seed: number, anchor: number, lives: Lives): DemoChange[] {
  const untold = [
    ...lives.all.flatMap((life) => lifeChanges(seed, anchor, life)),
    ...blocks(seed, anchor),
  ].sort((a, b) => a.at - b.at);
  const chance = chanceOf(seed, 'operations');
  const operations = new Map<string, string>();
  return untold.map(({ by, of, ...change }) => {
    const operation = operations.get(of) ?? uuid(chance.hex(32));
    operations.set(of, operation);
    return { ...change, operation, context: contextOf(by) } as DemoChange;
  });
}

/** `of` names the command that did it: its changes share one operation. */
function lifeChanges(seed: number, anchor: number, life: Life): Untold[] {
  const { family, minted } = life;
  const by = operatorOf(family);
  const changes: Untold[] = [];
  if (family.special === 'adopted') {
    const ingest = { at: life.createdAt, by: 'oncall', of: 'ingest', keyId: minted.id };
    return [{ ...ingest, do: 'adopt', name: family.name, activatedAt: anchor - 30 * dayMs }];
  }
  const key = kernelKey(life, fingerprint(minted.token));
  const of = `${family.name}/${life.version}`;
  if (life.predecessor === null) {
    const { name: _name, hours: _hours, ...owner } = people[family.owner];
    const person = { email: owner.email, name: people[family.owner].name, user_id: owner.userId };
    changes.push({
      do: 'create',
      at: life.createdAt,
      by,
      of,
      key,
      owner: person,
      settings: settingsOf(anchor, life),
    });
    if (life.activatedAt !== null)
      changes.push({
        do: 'activate',
        at: life.activatedAt,
        by,
        of,
        keyId: minted.id,
        deliveredTo: sinksOf(family),
      });
  } else {
    const rotation = { by: 'ci', of, key, oldKeyId: life.predecessor, deliveredTo: sinksOf(family) };
    const at = life.activatedAt ?? life.createdAt;
    const reason = 'due after 90 days, policy SEC-12';
    changes.push({ do: 'rotate', at, preparedAt: life.createdAt, graceMs, reason, ...rotation });
    if (at + graceMs < anchor)
      changes.push({
        do: 'finalize',
        at: at + graceMs + 9 * minuteMs,
        by: 'ci',
        of,
        keyId: life.predecessor,
        reason,
      });
  }
  return [...changes, ...laterChanges(seed, anchor, life)];
}

/** Suspensions, revocations and changed settings of the family's newest key. */
function laterChanges(seed: number, anchor: number, life: Life): Untold[] {
  const { family, minted, endedAt } = life;
  const keyId = minted.id;
  const changes: Untold[] = [];
  if (life.successor !== null) return changes;
  const pause = pauseOf(seed, anchor, family);
  if (family.pause !== undefined && pause !== null) {
    const { reason } = family.pause;
    changes.push({
      do: 'suspend',
      at: pause.from,
      by: 'oncall',
      of: `pause ${keyId}`,
      keyId,
      reason,
      forSeconds: 7200,
    });
    const resumed = 'new release is out and behaves, load is normal';
    changes.push({
      do: 'resume',
      at: pause.until,
      by: 'oncall',
      of: `resume ${keyId}`,
      keyId,
      reason: resumed,
    });
  }
  if (family.changed !== undefined) {
    const { daysAgo, settings, reason } = family.changed;
    const at = anchor - daysAgo * dayMs - 2 * hourMs;
    changes.push({
      do: 'update',
      at,
      by: operatorOf(family),
      of: `update ${keyId}`,
      keyId,
      settings,
      reason,
    });
  }
  const { end } = family;
  if (end === undefined || endedAt === null || end.kind === 'expired') return changes;
  // Keys that were revoked for one reason on one day went in one command.
  const told = { at: endedAt, by: 'jdoe', of: `${end.reason} ${family.owner}`, keyId, reason: end.reason };
  if (end.kind === 'suspended') changes.push({ do: 'suspend', ...told, forSeconds: null });
  else changes.push({ do: 'revoke', ...told, code: end.code ?? 'other' });
  return changes;
}

/** One block that ended by itself and one that stands; neither covers who has the leaked key. */
function blocks(seed: number, anchor: number): Untold[] {
  const chance = chanceOf(seed, 'blocks');
  const night = (daysAgo: number) => anchor - daysAgo * dayMs + Math.round(chance.between(0, 3) * hourMs);
  const scan = {
    do: 'block',
    cidr: '192.0.2.64/28',
    reason: 'scans /.env and /v1/secrets twice a second',
  } as const;
  const stuffing = {
    do: 'block',
    cidr: '192.0.2.99/32',
    reason: 'credential stuffing, 2,000 tries an hour',
  } as const;
  return [
    { ...stuffing, at: night(20), by: 'oncall', of: 'block 1', forSeconds: 7 * 86_400 },
    { ...scan, at: night(6), by: 'oncall', of: 'block 2', forSeconds: null },
  ];
}

function settingsOf(anchor: number, life: Life) {
  const { family } = life;
  const expiresAt =
    family.end?.kind === 'expired'
      ? life.endedAt
      : family.expiresInDays === undefined
        ? null
        : anchor + family.expiresInDays * dayMs;
  const expiry = expiresAt === null ? {} : { expires_at: new Date(expiresAt).toISOString() };
  return { name: family.name, ...family.settings, ...expiry };
}

function sinksOf(family: Family): string[] {
  if (family.settings.environment === 'development') return ['terminal'];
  return [`file:/etc/${family.name}/api.env`];
}

function operatorOf(family: Family): string {
  return people[family.owner].email.startsWith('platform') ? 'ci' : 'jdoe';
}

const hosts: Readonly<Record<string, string>> = {
  ci: 'runner-7.example.com',
  oncall: 'ops-1.example.com',
  jdoe: 'ops-2.example.com',
};

function contextOf(by: string): AuditContext {
  return { actor_os: by, actor_claimed: null, host: hosts[by] ?? null };
}

/** The form of a random UUID (RFC 9562, version 4) from 32 hex digits. */
function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
