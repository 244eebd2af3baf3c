import { describe, expect, it } from 'vitest';
import {
  clockText,
  parseIncidentId,
  parseNote,
  parsePage,
  secondsLeft,
  standingOf,
} from '../../src/domain/incident.js';
import { usageErrorOf } from './usage-errors.js';

const at = (minute: number) => new Date(Date.UTC(2026, 7, 20, 3, minute));

describe('the number of an incident', () => {
  it.each(['INC-7', 'inc-7', ' 7 ', '7'])('%j is INC-7', (text) => {
    expect(parseIncidentId('ID', text)).toBe('INC-7');
  });

  it.each(['', 'INC-', 'INC-0', '07', 'INC-7a', '7.0', '-7', 'INC 7', '１', '9999999999'])(
    '%j is none',
    (text) => {
      expect(usageErrorOf('--incident', () => parseIncidentId('--incident', text)).hint).toBe(
        '--incident INC-7',
      );
    },
  );
});

describe('a clock', () => {
  it.each([
    ['met', at(30), at(29), true, at(40)],
    ['met', at(30), at(30), true, at(40)],
    ['late', at(30), at(31), true, at(40)],
    ['running', at(30), null, true, at(30)],
    ['over', at(30), null, true, at(31)],
    ['waiting', null, null, true, at(31)],
    ['not_asked', null, null, false, at(31)],
    ['met', null, at(3), false, at(31)],
  ] as const)('is %s: due %s, done %s', (standing, dueAt, doneAt, required, now) => {
    expect(standingOf({ phase: 'contain', dueAt, doneAt, required }, now)).toBe(standing);
  });

  it.each([
    [100, '1:40'],
    [59.9, '0:59'],
    [0, '0:00'],
    [-252, '−04:12'],
    [-0.5, '−00:00'],
    [3599, '59:59'],
    [3600, '1 h'],
    [-7300, '−2 h'],
    [2 * 86_400 + 5, '2 d'],
  ])('of %s seconds reads %s', (seconds, text) => {
    expect(clockText(seconds, { unicode: true })).toBe(text);
    expect(clockText(seconds, { unicode: false })).toBe(text.replace('−', '-'));
  });

  it('has seconds left, or over', () => {
    expect(secondsLeft({ dueAt: at(30) }, at(28))).toBe(120);
    expect(secondsLeft({ dueAt: at(30) }, at(31))).toBe(-60);
    expect(secondsLeft({ dueAt: null }, at(31))).toBeNull();
  });
});

describe('notes and pages', () => {
  it('a note keeps its lines and tabs', () => {
    expect(parseNote('TEXT', '  a\r\n\tb \n')).toBe('a\n\tb');
    for (const text of ['', ' \n ', '\x1b[2J', 'a\u009bb', 'x'.repeat(10_001)]) {
      usageErrorOf('TEXT', () => parseNote('TEXT', text));
    }
  });

  it('a page is one of the web', () => {
    expect(parsePage('URL', ' https://example.com/OPS-7 ')).toBe('https://example.com/OPS-7');
    for (const text of [
      '',
      'example.com',
      'javascript:alert(1)',
      'https://',
      'https://a b',
      'file:///etc/passwd',
    ]) {
      usageErrorOf('URL', () => parsePage('URL', text));
    }
  });
});
