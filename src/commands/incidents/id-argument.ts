import type { Command } from 'commander';
import { parseIncidentId } from '../../domain/incident.js';

/** Adds the ID that every command on one incident begins with: INC-7, or 7. */
export function addIncidentId(command: Command): Command {
  return command.argument('<id>', 'INC-7, or 7', (text) => parseIncidentId('ID', text));
}
