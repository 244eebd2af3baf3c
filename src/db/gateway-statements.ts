/**
 * The two statements of a gateway, as plain text for whatever driver it has; both are granted to `keyctl_gateway`.
 * What drivers read differently (bytea, arrays) goes over the wire as text.
 */

/**
 * $1 id or `sha256:` and 64 hex digits, $2 ip, $3 scope, $4 workspace, $5 model, $6 feature. One round trip answers both
 * what the token is compared with and what would be decided; the decision counts only after the comparison.
 */
export const verificationStatement = `
  select v.key_id, v.version, encode(v.salt, 'hex') as salt, encode(v.verifier, 'hex') as verifier, v.hash_scheme,
    encode(v.digest, 'hex') as digest, to_jsonb(v.scopes)::text as scopes, v.rpm, v.rph, v.burst, v.concurrency,
    v.successor_id, keyctl.decide(v.key_id, null, $2::text::inet, $3, $4, $5, $6) as decision
  from keyctl.verification($1) v`;

/** $1 a JSON array of usage events; answers how many were new. */
export const recordUsageStatement = 'select keyctl.record_usage($1::text::jsonb) as added';
