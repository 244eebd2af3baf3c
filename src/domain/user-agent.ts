export interface AgentProduct {
  readonly product: string;
  readonly version: string | null;
}

/** RFC 9110 section 10.1.5: product = token ["/" version]; CloudTrail wraps the whole in brackets. */
const firstProduct = /^[\s["']*([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64})(?:\/([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}))?/;

/**
 * The first product token of a User-Agent header and its version; null when there is none. No guessing what it runs
 * on: parsers that guess call python-requests a wearable (F20). The text is a claim of the caller.
 */
export function parseUserAgent(userAgent: string | null): AgentProduct | null {
  const found = firstProduct.exec(userAgent ?? '');
  return found?.[1] === undefined ? null : { product: found[1], version: found[2] ?? null };
}
