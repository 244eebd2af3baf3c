import { findingStatuses } from '../domain/detect/kept-finding.js';
import { addressDetectors, detectors, staleDetectors } from '../domain/detect/registry.js';
import { builtInPlaybooks } from '../domain/playbooks/built-in.js';
import { stepKinds } from '../domain/playbooks/step-kinds.js';
import { roles } from '../domain/roles.js';
import { environments, expiryActions, levels } from '../domain/settings.js';
import { helpTopics } from './help.js';
import { statuses } from './keys/list.js';

const detectorNames = [...detectors, ...addressDetectors, ...staleDetectors].map(({ name }) => name);

/**
 * Words to offer for values that are no closed list to commander, because something else fits as well, or several with
 * commas between. By flag, by command and flag, or by command and place; a word with a colon at its end is how values begin.
 */
export const knownWords: Readonly<Record<string, readonly string[]>> = {
  '--deliver': ['stdout', 'file:', 'env:', 'age:', 'exec:'],
  '--detector': detectorNames,
  '--environment': environments,
  '--incident': ['new'],
  '--key-field': ['user', 'client', 'query:', 'quoted:'],
  '--level': levels,
  '--notify': ['exec:'],
  '--on-expiry': expiryActions,
  '--playbook': builtInPlaybooks.map(({ name }) => name),
  '--step': stepKinds,
  'audit findings list --status': findingStatuses,
  'audit responses set --detector': ['any', ...detectorNames],
  'db roles grant 1': roles.map(({ name }) => name),
  'help 0': helpTopics,
  'keys list --status': statuses,
};
