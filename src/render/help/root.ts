/** Under the list of commands: where to begin, for whoever sees this for the first time or at 3 a.m. */
export const rootHelp = `
A key leaked:
  keyctl keys identify leak.txt    whose keys stand in it, and are they alive?
  keyctl audit endpoints KEY       what was done with it?
  keyctl revoke KEY --reason "…"   stop it; shows first what would break
  keyctl audit verify              is the record whole?
  keyctl incidents run             all of that, step by step, and written down
On call:
  keyctl incidents triage          the board of incidents
  keyctl audit review              the board of what is unusual

KEY is an id or its start, a name, a fingerprint (sha256:…) or a redacted token.
Nothing to try it on? keyctl demo makes a month of history; then add --demo.
More: keyctl help exit-codes | json | states | roles | detectors`;
