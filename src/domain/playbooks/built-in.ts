import type { IncidentType } from '../incident.js';
import { abuse } from './abuse.js';
import { budget } from './budget.js';
import { compromise } from './compromise.js';
import { departure } from './departure.js';
import type { Playbook } from './playbook.js';

/** The playbooks that come with the program, by how often they are needed. */
export const builtInPlaybooks: readonly Playbook[] = [compromise, departure, abuse, budget];

/** The one for an incident that was opened without a walkthrough. */
export function playbookFor(type: IncidentType): Playbook {
  return builtInPlaybooks.find((each) => each.type === type) ?? compromise;
}
