/**
 * How unlikely counts are, as bits: -log10 of the probability of so much or more. Everything is computed in logarithms, because the
 * tails that matter here are far below what a double can hold.
 */

const tiny = 1e-300;
const precise = 1e-10;
const mostSteps = 5000;

/** Lanczos' approximation (g = 7, n = 9), good to 15 digits for positive arguments. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

function lnGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x);
  const base = x + 6.5;
  let sum = lanczos[0] ?? 1;
  for (let i = 1; i < lanczos.length; i += 1) sum += (lanczos[i] ?? 0) / (x - 1 + i);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}

/**
 * Bits of a gamma variable of this shape and mean 1 being at least `ratio`: series below, continued fraction above (Numerical
 * Recipes, section 6.2).
 */
export function gammaTailBits(ratio: number, shape: number): number {
  const x = ratio * shape;
  if (!(x > 0)) return 0;
  const front = shape * Math.log(x) - x - lnGamma(shape);
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let n = 1; n < mostSteps && Math.abs(term) > Math.abs(sum) * precise; n += 1) {
      term *= x / (shape + n);
      sum += term;
    }
    return bitsOf(Math.log1p(-Math.min(1 - 1e-15, sum * Math.exp(front))));
  }
  let b = x + 1 - shape;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < mostSteps; i += 1) {
    const a = -i * (i - shape);
    b += 2;
    d = 1 / nonZero(a * d + b);
    c = nonZero(b + a / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < precise) break;
  }
  return bitsOf(front + Math.log(h));
}

/**
 * Bits of a negative binomial count being at least `count`, variance = mean + dispersion * mean^2: the regularised incomplete beta
 * function I_p(count, 1 / dispersion) with p = mean / (mean + 1 / dispersion).
 */
export function countTailBits(count: number, mean: number, dispersion: number): number {
  if (count <= 0) return 0;
  // From a few thousand on the steps of a count do not matter, and the fraction below would take long.
  if (mean > 2000) return gammaTailBits(count / mean, 1 / (1 / mean + dispersion));
  const size = 1 / dispersion;
  const p = mean / (mean + size);
  const front =
    count * Math.log(p) + size * Math.log1p(-p) - lnGamma(count) - lnGamma(size) + lnGamma(count + size);
  if (p < (count + 1) / (count + size + 2))
    return bitsOf(front + Math.log(betaFraction(p, count, size)) - Math.log(count));
  const below = (Math.exp(front) * betaFraction(1 - p, size, count)) / size;
  return bitsOf(Math.log1p(-Math.min(1 - 1e-15, below)));
}

/** Continued fraction of the incomplete beta function, by Lentz' method (Numerical Recipes, section 6.4). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < mostSteps; m += 1) {
    const even = (m * (b - m) * x) / ((a - 1 + 2 * m) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 1 + 2 * m));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < precise) break;
  }
  return h;
}

function nonZero(value: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

function bitsOf(lnProbability: number): number {
  return Math.max(0, -lnProbability / Math.LN10);
}
