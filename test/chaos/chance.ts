/** Chance that can be repeated: the same seed gives the same numbers (mulberry32). */
export interface Chance {
  /** From 0 up to, not with, `limit`. */
  below(limit: number): number;
  oneOf<T>(choices: readonly [T, ...T[]] | readonly T[]): T;
  /** One to three of them, in the order given. */
  someOf<T>(choices: readonly T[]): T[];
}

export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const oneOf = <T>(choices: readonly T[]): T => {
    const chosen = choices[below(choices.length)];
    if (chosen === undefined) throw new Error('there is nothing to choose from');
    return chosen;
  };
  return {
    below,
    oneOf,
    someOf(choices) {
      const wanted = 1 + below(3);
      const chosen = new Set(Array.from({ length: wanted }, () => oneOf(choices)));
      return choices.filter((choice) => chosen.has(choice));
    },
  };
}
