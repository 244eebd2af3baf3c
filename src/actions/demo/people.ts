/** Somebody who owns keys in the demo. Hours are the offset of the person's clock from UTC, for office hours. */
export interface Person {
  readonly email: string;
  readonly name: string;
  readonly userId: string;
  readonly hours: number;
}

/** Made-up people at documentation domains (RFC 2606). */
export const people = {
  alice: { email: 'alice.moreau@example.com', name: 'Alice Moreau', userId: 'u-1001', hours: 1 },
  bob: { email: 'bob.tanaka@example.com', name: 'Bob Tanaka', userId: 'u-1002', hours: 1 },
  chidi: { email: 'chidi.nwosu@example.com', name: 'Chidi Nwosu', userId: 'u-1003', hours: 1 },
  erin: { email: 'erin.kowalski@example.com', name: 'Erin Kowalski', userId: 'u-1004', hours: 1 },
  farah: { email: 'farah.haddad@example.com', name: 'Farah Haddad', userId: 'u-1005', hours: 0 },
  grace: { email: 'grace.lindqvist@example.com', name: 'Grace Lindqvist', userId: 'u-1006', hours: 1 },
  zoe: { email: 'zoe.muller@example.com', name: 'Zoë Müller', userId: 'u-1007', hours: 1 },
  platform: { email: 'platform@example.com', name: 'Platform team', userId: 'u-2001', hours: 0 },
  data: { email: 'data-eng@example.com', name: 'Data engineering', userId: 'u-2002', hours: -5 },
  partner: { email: 'integrations@example.org', name: 'Example Partner', userId: 'u-3001', hours: -5 },
} as const satisfies Readonly<Record<string, Person>>;

export type PersonName = keyof typeof people;
