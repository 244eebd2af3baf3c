/** Of Bech32 (BIP 173), which age recipients are written in. */
const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const humanPart = 'age';

/** `age1`, 52 characters for 32 bytes, 6 of checksum. */
const length = 62;

/**
 * What is wrong with an age recipient of the X25519 kind (`age1…`, https://age-encryption.org/v1), or null: so that a
 * typing error is found before a key is minted for nobody.
 */
export function recipientProblem(text: string): string | null {
  if (/^(ssh-|age1[a-z]+1)/.test(text))
    return 'only native age recipients (age1…, from age-keygen) are taken';
  if (text.startsWith('AGE-SECRET-KEY-'))
    return 'that is the identity, which is secret: give its recipient (age-keygen -y)';
  if (!/^age1[a-z0-9]+$/.test(text)) return 'a recipient is age1 and 58 more lower case characters';
  if (text.length !== length) return `a recipient has ${length} characters, this one ${text.length}`;
  const values = Array.from(text.slice(humanPart.length + 1), (character) => alphabet.indexOf(character));
  const expanded = [...humanPart].map((character) => character.charCodeAt(0));
  const prefix = [...expanded.map((code) => code >> 5), 0, ...expanded.map((code) => code & 31)];
  if (values.includes(-1) || checksum([...prefix, ...values]) !== 1)
    return 'the checksum of the recipient is wrong: a typing error, or a part is missing';
  return null;
}

/** The polymod of BIP 173: 1 for a text that is right. */
function checksum(values: readonly number[]): number {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of generators.entries()) if ((top >>> bit) & 1) sum ^= generator;
  }
  return sum >>> 0;
}
