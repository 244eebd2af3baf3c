export interface AgentProduct {
  readonly product: string;
  readonly version: string | null;
}

const token = "([!#$%&'*+\\-.^_`|~0-9A-Za-z]+)";

/**
 * RFC 9110 section 10.1.5: product = token ["/" version]; CloudTrail wraps the whole in brackets. Means the same to JavaScript and
 * to PostgreSQL, which counts by it (db/reads/usage-dimensions.ts): what may stand before it is named, because `\s` depends on the
 * locale there, and what is cut is cut afterwards: a bound in the pattern makes it five times as slow there.
 */
export const productPattern = `^[\\t\\n\\v\\f\\r "'\\[]*${token}`;
export const longestProduct = 64;

const firstProduct = new RegExp(`${productPattern}(?:/${token})?`);

/**
 * The first product token of a User-Agent header and its version; null when there is none. No guessing what it runs
 * on: parsers that guess call python-requests a wearable (F20). The text is a claim of the caller.
 */
export function parseUserAgent(userAgent: string | null): AgentProduct | null {
  const found = firstProduct.exec(userAgent ?? '');
  if (found?.[1] === undefined) return null;
  return {
    product: found[1].slice(0, longestProduct),
    version: found[2]?.slice(0, longestProduct) ?? null,
  };
}
