import { probeKey } from '../../src/actions/probe-key.js';
import { parseProbeHeader } from '../../src/domain/probe-url.js';
import { Secret } from '../../src/domain/secret.js';

/** A probe in a process of its own: certificate authorities are read from the environment when Node starts. */
const probe = {
  url: new URL(process.argv[2] ?? ''),
  token: new Secret('kc_notakey'),
  header: parseProbeHeader('--auth-header', 'X-API-Key'),
};
const answer = await probeKey(probe, { limitMs: 10_000, signal: new AbortController().signal });
process.stdout.write(JSON.stringify(answer));
