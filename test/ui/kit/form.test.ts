import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../../src/domain/token.js';
import { styleFor } from '../../../src/render/style.js';
import { answersSoFar, type Form, type FormField, formStep, openForm } from '../../../src/ui/kit/form.js';
import { emptyField, fieldOf, fieldText, type TextField, typed } from '../../../src/ui/kit/text-field.js';

const fields: readonly FormField[] = [
  { name: 'reason', label: 'Reason:', check: (text) => (text === '' ? 'say why' : null) },
  { name: 'code', label: 'Code:', preset: 'abuse', check: () => null },
];
const key = (name: string, text = '') => ({ name, text });
const letters = (text: string) => Array.from(text, (letter) => key(letter, letter));

function formAfter(form: Form, keys: readonly { name: string; text: string }[]): Form {
  return keys.reduce((current, each) => {
    const step = formStep(current, each);
    if (step.kind !== 'open') throw new Error(step.kind);
    return step.form;
  }, form);
}

describe('a form', () => {
  it('takes answers one after another and hands all of them on', () => {
    const second = formAfter(openForm(fields), [...letters('leaked'), key('enter')]);
    expect(second).toMatchObject({ at: 1, field: { text: 'abuse' } });
    expect(formStep(second, key('enter'))).toEqual({
      kind: 'answered',
      answers: { reason: 'leaked', code: 'abuse' },
    });
  });

  it('refuses a wrong answer in words, and forgets the words with the next key', () => {
    const refused = formAfter(openForm(fields), [key('enter')]);
    expect(refused).toMatchObject({ at: 0, problem: 'say why' });
    expect(formAfter(refused, letters('x')).problem).toBeNull();
  });

  it('Escape goes one question back with its answer, and out before the first', () => {
    const second = formAfter(openForm(fields), [...letters('leaked'), key('enter')]);
    const first = formAfter(second, [key('escape')]);
    expect(first).toMatchObject({ at: 0, field: { text: 'leaked' } });
    expect(formStep(first, key('escape'))).toEqual({ kind: 'left' });
  });

  it('tells what is typed so far, for the command line beside it', () => {
    expect(answersSoFar(formAfter(openForm(fields), letters('leak')))).toEqual({ reason: 'leak' });
  });
});

describe('a line that is typed', () => {
  const type = (field: TextField, ...keys: readonly { name: string; text: string }[]) =>
    keys.reduce(typed, field);

  it.each([
    ['letters', [...letters('abc')], 'abc', 3],
    ['Backspace', [...letters('abc'), key('backspace')], 'ab', 2],
    ['in the middle', [...letters('ac'), key('left'), ...letters('b')], 'abc', 2],
    [
      'Home and End',
      [...letters('bc'), key('home'), ...letters('a'), key('end'), ...letters('d')],
      'abcd',
      4,
    ],
    ['Ctrl-U to the beginning', [...letters('abc'), key('left'), key('ctrl-u')], 'c', 0],
    ['Ctrl-W one word', [...letters('one two'), key('ctrl-w')], 'one ', 4],
    ['a paste', [...letters('a'), key('paste', 'b c')], 'ab c', 4],
    ['an emoji is one step', [key('paste', 'a👩‍💻'), key('backspace')], 'a', 1],
  ])('%s', (_what, keys, text, cursor) => {
    expect(type(emptyField, ...keys)).toEqual({ text, cursor });
  });

  const plain = styleFor({ colorLevel: 0, unicode: true });

  it('keeps the end in sight and never grows wider than its place', () => {
    expect(fieldText(fieldOf('abc'), 10, plain)).toBe('abc_');
    expect(fieldText(fieldOf('abcdefghijkl'), 6, plain)).toBe('…ijkl_');
    expect(fieldText({ text: 'abcdefghijkl', cursor: 2 }, 6, plain)).toBe('ab_cd…');
  });

  it('shows controls as text and cuts a token: a screen may be recorded', () => {
    expect(fieldText(fieldOf('a\x1b[2J\u202eb'), 40, plain)).toBe('a\\x1b[2J\\u{202e}b_');
    const token = mintToken('fie_alice', (size) => randomBytes(size)).token.reveal();
    expect(fieldText(fieldOf(token), 90, plain)).not.toContain(token.slice(-20));
  });
});
