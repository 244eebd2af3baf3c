import { describe, expect, it } from 'vitest';
import { type Attack, attacksOf, splice } from '../../bench/splice/attacks.js';
import { type BackgroundFamily, type DataEvent, plainKey } from '../../bench/splice/background.js';
import type { LogEvent } from '../../bench/splice/judge-events.js';
import { nuisances } from '../../bench/splice/nuisances.js';
import { playRound } from '../../bench/splice/round.js';
import { chanceOf } from '../../src/actions/demo/chance.js';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;
const anchor = Date.parse('2026-11-18T18:00:00Z');

/** Office hours of one client for a month: six requests an hour. */
function family(name: string): BackgroundFamily {
  const keyId = `key_${name}`;
  const events: LogEvent[] = [];
  for (let at = anchor - 35 * dayMs; at < anchor; at += 10 * minuteMs) {
    const date = new Date(at);
    if (date.getUTCDay() % 6 === 0 || date.getUTCHours() < 8 || date.getUTCHours() > 17) continue;
    const endpoint = events.length % 3 === 0 ? '/v1/b' : '/v1/a';
    events.push({
      at,
      keyId,
      ip: '198.51.100.10',
      userAgent: 'app/1',
      endpoint,
      status: 200,
      bytes: 900,
      object: null,
    });
  }
  return { name, keys: [plainKey(keyId, keyId, name)], events };
}

function recorded(seconds: number, parts: Partial<DataEvent> = {}): DataEvent {
  const ts = new Date(Date.parse('2024-07-30T21:00:00Z') + seconds * 1000).toISOString();
  return {
    ...{
      ts,
      key: 'AKIA',
      endpoint: '/iam/CreateUser',
      ip: '192.0.2.1',
      user_agent: 'stratus/1',
      status: 200,
      bytes: 0,
    },
    source: 'stratus-red-team aws.persistence.iam-create-user',
    ...parts,
  };
}

const attack: Attack = { name: 'create-user', archetype: 'persistence', events: [recorded(0), recorded(7)] };

describe('the splice benchmark', () => {
  it('takes techniques whole and scans by session', () => {
    const scan = Array.from({ length: 40 }, (_none, n) =>
      recorded(n < 20 ? n : n + 3600, { source: 'ocatak' }),
    );
    expect(attacksOf([recorded(7), recorded(0)], [])).toMatchObject([
      { archetype: 'persistence', events: attack.events },
    ]);
    expect(attacksOf([], scan).map(({ events }) => events.length)).toEqual([20, 20]);
  });

  it('keeps the pace of an attack and puts on the disguise', () => {
    const from = anchor - dayMs;
    const worn = (disguise: 'none' | 'program' | 'program and endpoints') =>
      splice(family('a'), attack, { from, disguise, chance: chanceOf(1, 'x') }).family.events.filter(
        ({ ip }) => ip === '192.0.2.1',
      );
    expect(worn('none')).toMatchObject([
      { at: from, endpoint: '/iam/CreateUser', userAgent: 'stratus/1' },
      { at: from + 7000 },
    ]);
    expect(worn('program')).toMatchObject([{ userAgent: 'app/1', endpoint: '/iam/CreateUser' }, {}]);
    expect(worn('program and endpoints')[0]?.endpoint).toMatch(/^\/v1\/[ab]$/);
  });

  it('finds the victim, and nobody who only moved, updated, rotated or rested', () => {
    const names = Array.from({ length: 1 + 2 * Object.keys(nuisances).length }, (_none, n) => `family${n}`);
    const result = playRound({ anchor, families: names.map(family) }, [attack], 3);
    expect(result).toMatchObject({ families: 11, nuisances: 10 });
    // Eleven families are no fleet to ask how unusual a burst at night is.
    expect(result.falseAlarms.filter(({ nuisance }) => nuisance !== 'deploy burst')).toEqual([]);
    expect(result.caught).toMatchObject([{ minutes: 0 }]);
  });
});
