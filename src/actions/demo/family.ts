import type { KeySettings, RevocationCode } from '../../db/kernel-keys.js';
import type { PersonName } from './people.js';
import type { Use } from './use.js';

/** One key and those that replaced it, as the demo tells it. Days are counted back from the end of its history. */
export interface Family {
  readonly name: string;
  readonly prefix: string;
  readonly owner: PersonName;
  readonly createdDaysAgo: number;
  readonly settings: KeySettings;
  readonly use?: Use;
  /** When each next version took over; their grace is over. */
  readonly rotatedDaysAgo?: readonly number[];
  /** How its life ended, or was interrupted. `lateTries`: share of its use that goes on, refused. */
  readonly end?: {
    readonly kind: 'revoked' | 'suspended' | 'expired';
    readonly daysAgo: number;
    readonly reason: string;
    readonly code?: RevocationCode;
    readonly lateTries: number;
  };
  /** Minted and never delivered; known from a log, without a token of ours. */
  readonly special?: 'pending' | 'adopted';
  /** Suspended for a while in the middle of its life. */
  readonly pause?: { readonly daysAgo: number; readonly minutes: number; readonly reason: string };
  /** A change of settings that somebody made later. */
  readonly changed?: { readonly daysAgo: number; readonly settings: KeySettings; readonly reason: string };
  readonly expiresInDays?: number;
}

/** Where the machines of the story stand (RFC 5737, RFC 3849); whoever has the leaked key comes from 192.0.2.0/24. */
export const dataCentre = '198.51.100.';
export const offices = '203.0.113.';
export const ipv6 = '2001:db8:7::';
export const prod = { environment: 'production', level: 'standard' } as const;
export const dev = { environment: 'development', level: 'standard' } as const;

/** A use, from what sets it apart. */
export function use(perDay: number, parts: Omit<Use, 'perDay' | 'weekend' | 'rhythm'> & Partial<Use>): Use {
  return { perDay, weekend: 0.15, rhythm: 'office', ...parts };
}
