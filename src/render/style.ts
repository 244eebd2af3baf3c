import { Chalk, type ColorSupportLevel } from 'chalk';
import type { Safe } from './terminal-text.js';

/** Meanings, not colours (SCREENS.md): a word and a sign carry each; the colour only repeats it. */
export type Tone = 'danger' | 'warning' | 'notice' | 'ok' | 'dead' | 'muted' | 'accent' | 'marked';

type Paint = (text: Safe) => Safe;

export interface Style {
  readonly danger: Paint;
  readonly warning: Paint;
  readonly notice: Paint;
  readonly ok: Paint;
  readonly dead: Paint;
  readonly muted: Paint;
  readonly accent: Paint;
  readonly marked: Paint;
  /** For headings and what the eye should find first. */
  readonly strong: Paint;
  /** The tone's sign, uncoloured: one column wide. */
  readonly sign: Readonly<Record<Tone, Safe>>;
  /** What else is drawn by us, in the characters the locale has. */
  readonly glyph: Readonly<Record<'ellipsis' | 'dot' | 'rule' | 'dash' | 'shade' | 'wall', Safe>>;
  /** Eight heights of a sparkline, lowest first, one column each. */
  readonly bars: Safe;
}

export type ColorChoice = 'auto' | 'always' | 'never';

export interface ColorInput {
  /** `--color`. */
  readonly choice: ColorChoice;
  /** Of the stream that is written to. */
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const unicodeSigns = {
  danger: '▲',
  warning: '●',
  notice: '◆',
  ok: '✓',
  dead: '✗',
  muted: '·',
  accent: '›',
  marked: '+',
};
const asciiSigns = {
  danger: '!',
  warning: '*',
  notice: '~',
  ok: 'v',
  dead: 'x',
  muted: '.',
  accent: '>',
  marked: '+',
};
const unicodeGlyphs = { ellipsis: '…', dot: '·', rule: '─', dash: '–', shade: '░', wall: '│' };
const asciiGlyphs = { ellipsis: '~', dot: '.', rule: '-', dash: '-', shade: ':', wall: '|' };

/**
 * The style for one stream. Its own chalk instance carries the level, so that neither chalk's own guess (it ignores
 * NO_COLOR, F17) nor another stream's decision gets in.
 */
export function styleFor(input: { colorLevel: ColorSupportLevel; unicode: boolean }): Style {
  const chalk = new Chalk({ level: input.colorLevel });
  const paint =
    (colour: (text: string) => string): Paint =>
    (text) =>
      colour(text) as Safe;
  return {
    danger: paint(chalk.red.bold),
    warning: paint(chalk.yellow),
    notice: paint(chalk.cyan),
    ok: paint(chalk.green),
    dead: paint(chalk.gray),
    muted: paint(chalk.gray),
    accent: paint(chalk.cyan.bold),
    marked: paint(chalk.magenta),
    strong: paint(chalk.bold),
    sign: (input.unicode ? unicodeSigns : asciiSigns) as Record<Tone, Safe>,
    glyph: (input.unicode ? unicodeGlyphs : asciiGlyphs) as Style['glyph'],
    bars: (input.unicode ? '▁▂▃▄▅▆▇█' : '_.-:=+*#') as Safe,
  };
}

/**
 * 0 none, 1 sixteen colours, 2 256, 3 true colour. In this order: `--color`, NO_COLOR (https://no-color.org, any
 * text that is not empty), FORCE_COLOR (0 to 3, true, false), then what stream and TERM offer.
 */
export function colorLevel({ choice, isTTY, env }: ColorInput): ColorSupportLevel {
  if (choice === 'never') return 0;
  if (choice === 'always') return offered(env) || 1;
  if (env.NO_COLOR) return 0;
  const forced = env.FORCE_COLOR;
  if (forced === '0' || forced === 'false') return 0;
  if (forced === '1' || forced === '2' || forced === '3') return Number(forced) as ColorSupportLevel;
  if (forced !== undefined) return offered(env) || 1;
  return isTTY ? offered(env) : 0;
}

/** True when the locale says UTF-8: the first of LC_ALL, LC_CTYPE, LANG that is set decides, as in setlocale(3). */
export function unicodeLocale(env: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}

function offered(env: ColorInput['env']): ColorSupportLevel {
  const term = env.TERM ?? '';
  if (term === 'dumb') return 0;
  if (/^(?:truecolor|24bit)$/.test(env.COLORTERM ?? '')) return 3;
  return /-256(?:color)?$/.test(term) ? 2 : 1;
}
