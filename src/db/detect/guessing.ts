import { answer, ofAddress, type Reproduced } from './sql-text.js';

/** Attempts of the address with names that are no keys. */
export function guessingSql(of: Reproduced): string {
  return answer(`select count(*) ${ofAddress('stray_events', of)}`, 0, of.candidate.expectedHigh);
}
