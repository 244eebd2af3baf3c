import { type Command, Option } from 'commander';
import type { FollowUpInput } from '../../../actions/incidents/walkthrough/learn.js';
import { parseCidr } from '../../../domain/cidr.js';
import { parseDuration } from '../../../domain/duration.js';
import { usageError } from '../../../domain/errors.js';
import { type HookCommand, parseHookCommand } from '../../../domain/hook-command.js';
import { type IncidentSeverity, incidentSeverities, parseNote } from '../../../domain/incident.js';
import { parseDeadline, parseInstant } from '../../../domain/instant.js';
import { parsePlainText } from '../../../domain/plain-text.js';
import { type ProbeHeader, parseProbeHeader, parseProbeUrl } from '../../../domain/probe-url.js';
import { parseReason } from '../../../domain/reason.js';
import { parseEmail } from '../../../domain/setting-values.js';
import { settingParsers } from '../../../domain/settings.js';
import type { Runtime } from '../../../runtime/runtime.js';
import { reasonFlag } from '../../ask-reason.js';
import type { ChangeFlags } from '../../new-command.js';

/** Every answer that a step may ask for, as a flag. */
export interface RunFlags extends ChangeFlags {
  readonly playbook?: string;
  readonly plan?: boolean;
  readonly step?: string;
  readonly skip?: string;
  readonly again?: boolean;
  readonly takeOver?: boolean;
  readonly title?: string;
  readonly severity?: IncidentSeverity;
  readonly detectedAt?: Date;
  readonly key?: readonly string[];
  readonly from?: string;
  readonly fromReport?: string;
  readonly owner?: string;
  readonly userId?: string;
  readonly since?: Date;
  readonly link?: readonly string[];
  readonly how?: 'revoke' | 'suspend';
  readonly family?: boolean;
  readonly allOfOwner?: boolean;
  readonly blockIp?: readonly string[];
  readonly reason?: string;
  readonly probe?: URL;
  readonly authHeader?: ProbeHeader;
  readonly within: number;
  readonly out?: string;
  readonly unsigned?: boolean;
  readonly deliver?: readonly string[];
  readonly deliverDir?: string;
  readonly send?: HookCommand;
  readonly tellSecurity?: readonly string[];
  readonly tellAffected?: readonly string[];
  readonly rootCause?: string;
  readonly lessons?: string;
  readonly followUp?: readonly FollowUpInput[];
  readonly rpm?: number;
  readonly rph?: number;
  readonly budget?: string;
  readonly allowIp?: readonly string[];
  readonly suspendFor?: number;
  readonly decision?: 'revoke' | 'keep' | 'lift';
  readonly note?: string;
  readonly override?: string;
}

/** Adds what is said of the whole walk. */
export function addWalkFlags(rt: Runtime, command: Command): void {
  const now = () => rt.machine.now();
  command
    .option('--playbook <name>', 'compromise, departure, abuse, budget, or a JSON file of your own')
    .option('--plan', 'show the steps and how they stand; change nothing')
    .option('--step <name>', 'do this one step; its flags answer what it asks')
    .option('--skip <reason>', 'leave the --step out', (text) => parseReason('--skip', text))
    .option('--again', 'do a finished --step once more')
    .option('--take-over', 'take the --step over from whoever has it')
    .option('--title <text>', 'a new incident: what happened', (text) =>
      parsePlainText('--title', text, { max: 200, example: '--title "key in public repo acme/app"' }),
    )
    .addOption(
      new Option('--severity <severity>', 'a new incident: how bad it is').choices(incidentSeverities),
    )
    .option('--detected-at <when>', 'a new incident: when it was noticed', (text) =>
      parseInstant('--detected-at', text, now()),
    )
    .option('--reason <text>', 'why, for every change of a key (the title of the incident)', reasonFlag);
}

/** Adds the answers of the steps that look and stop. */
export function addContainFlags(rt: Runtime, command: Command): void {
  command
    .option('--key <key...>', 'identify: KEYs')
    .option('--from <file>', 'identify: a text with tokens; - for stdin')
    .option('--from-report <file>', 'identify: findings of gitleaks or trufflehog')
    .option('--owner <email>', 'gather: whose keys', (text) => parseEmail('--owner', text))
    .option('--user-id <id>', 'gather: whose keys, by user id')
    .option('--since <when>', 'blast-radius: since when it leaked (a day before its detection)', (text) =>
      parseInstant('--since', text, rt.machine.now()),
    )
    .option('--link <key...>', 'blast-radius: other KEYs that belong to it')
    .addOption(
      new Option('--how <how>', 'contain: at once and for good, or reversibly').choices([
        'revoke',
        'suspend',
      ]),
    )
    .option('--family', 'contain: the other versions of the keys too')
    .option('--all-of-owner', 'contain: all keys of their owners too')
    .option('--block-ip <cidr...>', 'contain, restrict: networks to refuse for every key', cidrs)
    .option('--probe <url>', 'prove, test: where a request with the key is tried', (text) =>
      parseProbeUrl('--probe', text),
    )
    .option(
      '--auth-header <name>',
      'prove, test: header that carries the key (Authorization: Bearer)',
      (text) => parseProbeHeader('--auth-header', text),
    )
    .addOption(
      new Option('--within <duration>', 'prove: how long to look for the proof')
        .argParser((text) => parseDuration('--within', text))
        .default(30, '30s'),
    );
}

/** Adds the answers of the steps that restrict and decide. */
export function addRestrictFlags(command: Command): void {
  command
    .option('--rpm <n>', 'restrict: requests a minute', settingParsers.rpm)
    .option('--rph <n>', 'restrict: requests an hour', settingParsers.rph)
    .option('--budget <usd>', 'restrict: budget of a month', settingParsers.budgetUsd)
    .option('--allow-ip <cidr>', 'restrict: only from there; repeated', settingParsers.allowedIps)
    .option('--suspend-for <duration>', 'restrict: suspend them for so long', (text) =>
      parseDuration('--suspend-for', text),
    )
    .addOption(new Option('--decision <what>', 'decide: how it goes on').choices(['revoke', 'keep', 'lift']));
}

/** Adds the answers of the steps that mend and record. */
export function addRecordFlags(rt: Runtime, command: Command): void {
  command
    .option('--out <file>', 'preserve: the new file of the bundle')
    .option('--unsigned', 'preserve: a bundle that nobody vouches for')
    .option(
      '--deliver <sink>',
      'replace: where the new secret goes (as in rotate); repeated',
      (text, before) => [...((before as readonly string[] | undefined) ?? []), text],
    )
    .option('--deliver-dir <dir>', 'replace: for several keys, each secret into a file of its own')
    .option('--send <command>', 'notify: a program that sends a text (on its stdin)', (text) =>
      parseHookCommand('--send', text.replace(/^exec:/, ''), ''),
    )
    .option('--tell-security <email...>', 'notify: who answers for security')
    .option('--tell-affected <email...>', 'notify: who else is affected')
    .option('--root-cause <text>', 'learn: why it could happen', (text) => parseNote('--root-cause', text))
    .option('--lessons <text>', 'learn: what is to be done better', (text) => parseNote('--lessons', text))
    .option('--follow-up <what>', 'learn: "title; owner; due", repeated', (text, before) => [
      ...((before as readonly FollowUpInput[] | undefined) ?? []),
      parseFollowUp('--follow-up', text, rt.machine.now()),
    ])
    .option('--note <text>', 'task: what came of it', (text) => parseNote('--note', text))
    .option('--override <reason>', 'close: although something is left', (text) =>
      parseReason('--override', text),
    );
}

function cidrs(text: string, before: unknown): readonly string[] {
  return [...((before as readonly string[] | undefined) ?? []), parseCidr('--block-ip', text)];
}

/** `scan CI logs; platform@example.com; 14d`. @throws KeyctlError 2 */
export function parseFollowUp(flag: string, text: string, now: Date): FollowUpInput {
  const example = `${flag} "scan CI logs; platform@example.com; 14d"`;
  const [title = '', owner = '', due = '', more] = text.split(';').map((part) => part.trim());
  if (due === '' || more !== undefined) throw usageError(flag, 'what; who; until when', example);
  const deadline = parseDeadline(flag, due);
  const at = deadline.kind === 'at' ? deadline.at : new Date(now.getTime() + deadline.seconds * 1000);
  return {
    title: parsePlainText(flag, title, { max: 300, example }),
    owner: parsePlainText(flag, owner, { max: 200, example }),
    dueOn: at.toISOString().slice(0, 10),
  };
}
