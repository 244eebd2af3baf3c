import { createHash } from 'node:crypto';

/** Chance that repeats itself: the same seed and label give the same draws, on every machine and version of Node. */
export interface Chance {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from 0 to below `below`. */
  below(below: number): number;
  /** From `low` to below `high`. */
  between(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  /** The item whose share of the weights was drawn. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  /** `mean` give or take a quarter, as a whole number; the fraction decides by chance. */
  count(mean: number): number;
  hex(digits: number): string;
}

/** A source of its own for each label, so that one more draw in one place moves nothing in another. */
export function chanceOf(seed: number, label: string): Chance {
  return chanceFrom(wordsOf(seed, label));
}

/** Sources by number under one label: for a cell of an hour, without a hash for each. */
export function chancesOf(seed: number, label: string): (number: number) => Chance {
  const [a, b, c, d] = wordsOf(seed, label);
  return (number) => chanceFrom([a ^ mixed(number), b ^ mixed(number + 0x51ed), c, d]);
}

/** Bytes for tokens and salts of the demo's keys, by SHA-256 of seed, label and a counter. */
export function bytesOf(seed: number, label: string): (size: number) => Uint8Array {
  let counter = 0;
  return (size) => {
    const parts: Buffer[] = [];
    for (let had = 0; had < size; had += 32) {
      counter += 1;
      parts.push(createHash('sha256').update(`keyctl demo bytes/${seed}/${label}/${counter}`).digest());
    }
    return Buffer.concat(parts).subarray(0, size);
  };
}

type Words = readonly [number, number, number, number];

function wordsOf(seed: number, label: string): Words {
  const digest = createHash('sha256').update(`keyctl demo/${seed}/${label}`).digest();
  return [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)];
}

/** The finisher of MurmurHash3 (public domain): every bit of the number reaches every bit of the word. */
function mixed(number: number): number {
  let word = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

/** sfc32 of PractRand (public domain): whole numbers only, so that no machine rounds differently. */
function chanceFrom(words: Words): Chance {
  let [a, b, c, d] = words;
  const word = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) word();
  const next = () => word() / 0x1_0000_0000;
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    between: (low, high) => low + next() * (high - low),
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    weighted: (items) => weighted(items, next()),
    count(mean) {
      const drawn = mean * (0.75 + next() / 2);
      const whole = Math.floor(drawn);
      return next() < drawn - whole ? whole + 1 : whole;
    },
    hex(digits) {
      let text = '';
      while (text.length < digits) {
        const drawn = word();
        text += `${pairs[drawn >>> 24]}${pairs[(drawn >>> 16) & 255]}${pairs[(drawn >>> 8) & 255]}${pairs[drawn & 255]}`;
      }
      return text.slice(0, digits);
    },
  };
}

const pairs = Array.from({ length: 256 }, (_none, value) => value.toString(16).padStart(2, '0'));

function weighted<T>(items: readonly (readonly [number, T])[], share: number): T {
  let rest = 0;
  for (const item of items) rest += item[0];
  rest *= share;
  for (const item of items) {
    rest -= item[0];
    if (rest < 0) return item[1];
  }
  return (items.at(-1) as readonly [number, T])[1];
}
