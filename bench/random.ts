/** Uniform in [0, 1). */
export type Random = () => number;

/** Mulberry32: small, fast, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Draws a place of `weights`, each as often as it weighs, in constant time: Walker's alias method, filled as Vose does. The draw takes one
 * random number.
 */
export function weightedDraw(weights: Float64Array): (at: number) => number {
  const count = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const share = weights.map((weight) => (weight * count) / total);
  const alias = Uint32Array.from({ length: count }, (_, place) => place);
  const poor: number[] = [];
  const rich: number[] = [];
  share.forEach((each, place) => void (each < 1 ? poor : rich).push(place));
  while (poor.length > 0 && rich.length > 0) {
    const taker = poor.pop() as number;
    const giver = rich.pop() as number;
    alias[taker] = giver;
    share[giver] = (share[giver] as number) - (1 - (share[taker] as number));
    ((share[giver] as number) < 1 ? poor : rich).push(giver);
  }
  // What is left over of either is one but for rounding.
  for (const place of [...poor, ...rich]) share[place] = 1;
  return (at) => {
    const scaled = at * count;
    const place = Math.floor(scaled);
    return scaled - place < (share[place] as number) ? place : (alias[place] as number);
  };
}
