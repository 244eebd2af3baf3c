import { parseReference } from '../reference.js';
import { parseToken, redactToken } from '../token.js';
import { tokensIn } from '../token-scan.js';

/** Key texts remembered; logs repeat them. */
const mostKnown = 20_000;

/**
 * What names the key of an event, as the kernel looks it up: a whole or redacted token of ours means its key's id, a
 * full digest its fingerprint, anything else stands for itself. Of a text in the shape of a token with a wrong checksum
 * only what may be shown is kept: it is one slip of a finger away from a secret.
 */
export function presentedTexts(): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const presented = presentedText(text.trim());
    if (known.size >= mostKnown) known.clear();
    // A copy: what was cut out of a block of the log would keep the whole block in memory.
    known.set(Buffer.from(text).toString(), presented);
    return presented;
  };
}

function presentedText(text: string): string {
  // `Bearer kc_…` holds the token as well.
  const tokens = text.length > 64 && text.length < 1000 ? tokensIn(text) : [];
  const [only, second] = tokens;
  if (only?.kind === 'full' && second === undefined) return only.id;
  if (parseToken(text).kind === 'checksum') return redactToken(text);
  if (/[*.…•]$|^sha256:/u.test(text)) {
    const reference = referenceOf(text);
    if (reference?.kind === 'redacted') return reference.id;
    if (reference?.kind === 'fingerprint') return reference.fingerprint;
  }
  return Buffer.from(text).toString();
}

/** A name may look like a broken fingerprint, and still be a name. */
function referenceOf(text: string) {
  try {
    return parseReference(text);
  } catch {
    return null;
  }
}
