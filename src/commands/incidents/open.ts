import { type Command, Option } from 'commander';
import { usageError } from '../../domain/errors.js';
import {
  type IncidentSeverity,
  type IncidentType,
  incidentSeverities,
  incidentTypes,
} from '../../domain/incident.js';
import { parseInstant } from '../../domain/instant.js';
import { parsePlainText } from '../../domain/plain-text.js';
import { programName } from '../../render/program-name.js';
import { clean, line } from '../../render/terminal-text.js';
import type { Runtime } from '../../runtime/runtime.js';
import { type Asked, askValue, requireValue } from '../ask-value.js';
import { addChangeFlags, type ChangeFlags, newCommand } from '../new-command.js';
import { keysMeant, typedOrSearched } from '../typed-keys.js';

interface OpenFlags extends ChangeFlags {
  readonly title?: string;
  readonly severity?: IncidentSeverity;
  readonly type?: IncidentType;
  readonly key?: readonly string[];
  readonly lead?: string;
  readonly detectedAt?: Date;
}

const title: Asked<string> = {
  flag: '--title',
  example: '"key in public repo acme/app"',
  question: line`What happened, in a few words:`,
  parse: (text) =>
    parsePlainText('--title', text, { max: 200, example: '--title "key in public repo acme/app"' }),
};

export function openCommand(rt: Runtime): Command {
  const command = newCommand(rt, 'open')
    .summary('open an incident')
    .description(
      'Open an incident. Its clocks run from when it was detected. revoke --incident new, keys identify --open-incident and the ' +
        'dashboards open one too.',
    )
    .option('--title <text>', 'what happened, in a few words', title.parse)
    .addOption(new Option('--severity <severity>', 'how bad it is').choices(incidentSeverities))
    .addOption(new Option('--type <type>', 'what kind it is').choices(incidentTypes))
    .option('--key <key...>', 'KEYs that it is about')
    .option('--lead <who>', 'who leads it', (text) =>
      parsePlainText('--lead', text, { max: 200, example: '--lead jdoe' }),
    )
    .option('--detected-at <when>', 'when it was noticed: 10m ago, a date, a time (now)', (text) =>
      parseInstant('--detected-at', text, rt.machine.now()),
    );
  addChangeFlags(command);
  return command.action(async (flags: OpenFlags) => {
    const { severity, type } = flags;
    if (severity === undefined) throw usageError('--severity', 'is required', '--severity high');
    if (type === undefined) throw usageError('--type', 'is required', '--type leak');
    requireValue(rt, flags.title, title);
    const keys = flags.key === undefined ? [] : await typedOrSearched(rt, flags.key, '--key alice-prod');
    await open(rt, { ...flags, severity, type, title: await askValue(rt, flags.title, title) }, keys);
  });
}

async function open(
  rt: Runtime,
  flags: OpenFlags & Required<Pick<OpenFlags, 'title' | 'severity' | 'type'>>,
  keys: readonly string[],
): Promise<void> {
  const { openIncident } = await import('../../actions/incidents/open-incident.js');
  const { incidentPlan, opened } = await import('../../render/incidents/incident-change.js');
  const { severity, type, lead = null } = flags;
  await rt.withContext({ operationId: flags.operationId }, async (ctx) => {
    const found = keys.length === 0 ? [] : await keysMeant(rt, ctx, keys);
    const keyIds = found.map(({ row }) => row.key.id);
    if (flags.dryRun === true) {
      const would = line`open: ${clean(severity)} ${clean(type)}, ${clean(flags.title)}, with ${keyIds.length} keys`;
      return await rt.print(incidentPlan, { incident: null, would, obstacles: [] });
    }
    const detectedAt = flags.detectedAt?.toISOString() ?? null;
    const done = await openIncident(ctx, { title: flags.title, type, severity, detectedAt, lead, keyIds });
    await rt.print(opened, done);
    const next = line`  next  ${programName(rt.flags.demo)} incidents show ${clean(done.answer.incident_id)}`;
    if (rt.machine.terminal.stderr) rt.say(rt.style('stderr').muted(next));
  });
}
