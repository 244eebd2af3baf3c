/** What `keyctl.decide` can answer; `ok` means that the key would be accepted. */
export type Decision =
  | 'ok'
  | 'pending'
  | 'revoked'
  | 'replaced'
  | 'suspended'
  | 'expired'
  | 'ip_blocked'
  | 'ip'
  | 'workspace'
  | 'scope'
  | 'model'
  | 'feature'
  | 'budget'
  | 'quota';
